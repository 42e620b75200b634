using System.Collections.Concurrent;
using FlashDrop.LocalHost.Queues;
using FlashDrop.LocalHost.Settings;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.LocalHost.Tests.Queues;

public sealed class QueuePumpTests
{
    private static readonly QueueSettings Settings = new()
    {
        BatchSize = 4,
        NewBatchThreshold = 2,
        MaxDequeueCount = 3,
        VisibilityTimeout = TimeSpan.FromSeconds(30),
        MaxPollingInterval = TimeSpan.FromSeconds(2),
    };

    private readonly FakeTimeProvider _time = VirtualTime.Create();
    private readonly FakeTriggerQueue _queue;
    private readonly ConcurrentQueue<string> _handled = new();

    public QueuePumpTests() => _queue = new FakeTriggerQueue(_time);

    [Fact]
    public async Task HandledMessage_IsDeleted()
    {
        await using var pump = Run(TakeAsync);
        _queue.Send("a", "b");
        await _time.AdvanceUntilAsync(() => _queue.Count == 0);

        Assert.Equal(["a", "b"], _handled.Order(StringComparer.Ordinal));
        Assert.Empty(_queue.Poison);
    }

    [Fact]
    public async Task Batches_AreAsLargeAsTheHostsSettingsSay()
    {
        await using var pump = Run(TakeAsync);
        _queue.Send(Enumerable.Range(0, 10).Select(i => $"{i}"));
        await _time.AdvanceUntilAsync(() => _queue.Count == 0);

        Assert.All(_queue.BatchSizes, size => Assert.Equal(4, size));
    }

    [Fact]
    public async Task MessagesInWork_NeverExceedBatchSizePlusThreshold()
    {
        SemaphoreSlim gate = new(0);
        var inWork = 0;
        var most = 0;
        await using var pump = Run(async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inWork));
            await gate.WaitAsync(CancellationToken.None);
            Interlocked.Decrement(ref inWork);
        });
        _queue.Send(Enumerable.Range(0, 30).Select(i => $"{i}"));
        await _time.AdvanceUntilAsync(() => inWork == 4);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        gate.Release(2);
        await _time.AdvanceUntilAsync(() => inWork == 6);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        gate.Release(1000);
        await _time.AdvanceUntilAsync(() => _queue.Count == 0);
        Assert.Equal(6, most);
    }

    [Fact]
    public async Task LongWork_KeepsItsMessageHidden()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pump = Run(async (message, _) =>
        {
            _handled.Enqueue(message.Text);
            await done.Task;
        });
        _queue.Send("slow");
        await _time.AdvanceUntilAsync(() => _handled.Count == 1);
        await _time.AdvanceAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5));
        Assert.Equal(["slow"], _handled);
        Assert.InRange(_queue.Renewals, 15, 25);

        done.SetResult();
        await _time.AdvanceUntilAsync(() => _queue.Count == 0);
        Assert.Equal(["slow"], _handled);
    }

    [Fact]
    public async Task FailedMessage_RestsBeforeItComesAgain()
    {
        var failures = 1;
        await using var pump = Run((message, _) =>
        {
            _handled.Enqueue($"{message.Deliveries}");
            return failures-- > 0 ? throw new InvalidDataException("no") : Task.CompletedTask;
        });
        _queue.Send("a");
        await _time.AdvanceUntilAsync(() => _handled.Count == 1);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(29));
        Assert.Equal(["1"], _handled);

        await _time.AdvanceUntilAsync(() => _queue.Count == 0, limit: TimeSpan.FromSeconds(10));
        Assert.Equal(["1", "2"], _handled);
    }

    [Fact]
    public async Task MessageThatKeepsFailing_EndsInThePoisonQueue()
    {
        await using var pump = Run((message, _) =>
        {
            _handled.Enqueue($"{message.Deliveries}");
            throw new InvalidDataException("no");
        });
        _queue.Send("bad");
        await _time.AdvanceUntilAsync(() => _queue.Count == 0, TimeSpan.FromSeconds(1));

        Assert.Equal(["1", "2", "3"], _handled);
        Assert.Equal(["bad"], _queue.Poison);
    }

    [Fact]
    public async Task PoisonThatFailsAgain_StaysInItsQueueAndDoesNotSpin()
    {
        FakeTriggerQueue poison = new(_time, "submit-poison");
        await using var pump = Run(
            (message, _) =>
            {
                _handled.Enqueue($"{message.Deliveries}");
                throw new InvalidDataException("no");
            },
            poison);
        poison.Send("bad");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(150), TimeSpan.FromSeconds(1));

        Assert.Equal(1, poison.Count);
        Assert.InRange(_handled.Count, 2, 3);
    }

    [Fact]
    public async Task StorageAway_IsTriedAgain()
    {
        _queue.Outages = 3;
        await using var pump = Run(TakeAsync);
        _queue.Send("a");
        await _time.AdvanceUntilAsync(() => _queue.Count == 0);

        Assert.Equal(["a"], _handled);
    }

    [Fact]
    public async Task Stopping_WaitsForWorkAndGivesInterruptedMessagesBack()
    {
        var pump = Run(async (_, stopping) => await Task.Delay(Timeout.InfiniteTimeSpan, _time, stopping));
        _queue.Send("a");
        await _time.AdvanceUntilAsync(() => _queue.BatchSizes.Count > 1);
        await pump.DisposeAsync();

        var again = await _queue.ReceiveAsync(1, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal("a", Assert.Single(again).Text);
    }

    private Task TakeAsync(TriggerMessage message, CancellationToken cancellationToken)
    {
        _handled.Enqueue(message.Text);
        return Task.CompletedTask;
    }

    private RunningLoop Run(Func<TriggerMessage, CancellationToken, Task> handle, FakeTriggerQueue? queue = null) =>
        new(new QueuePump("Test", queue ?? _queue, Settings, handle, _time, NullLogger.Instance).RunAsync);
}
