using System.Runtime.CompilerServices;
using FlashDrop.LocalHost.Blobs;
using FlashDrop.LocalHost.Settings;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.LocalHost.Tests.Blobs;

public sealed class BlobScanTests : IDisposable
{
    private readonly FakeTimeProvider _time = VirtualTime.Create();
    private readonly FakeSource _source = new();
    private readonly List<string> _handled = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("flashdrop-").FullName;

    private string ReceiptsPath => Path.Combine(_folder, "receipts.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task NewBlob_TriggersOnce()
    {
        _source.Blobs["default/a.jpg"] = "\"1\"";
        await using var scan = Run(TakeAsync);
        await _time.AdvanceUntilAsync(() => _handled.Count == 1);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));

        Assert.Equal(["default/a.jpg"], _handled);
    }

    [Fact]
    public async Task ReplacedBlob_TriggersAgain()
    {
        _source.Blobs["a"] = "\"1\"";
        await using var scan = Run(TakeAsync);
        await _time.AdvanceUntilAsync(() => _handled.Count == 1);
        _source.Blobs["a"] = "\"2\"";
        await _time.AdvanceUntilAsync(() => _handled.Count == 2);

        Assert.Equal(["a", "a"], _handled);
    }

    [Fact]
    public async Task HandledBlob_IsRememberedOverARestart()
    {
        _source.Blobs["a"] = "\"1\"";
        await using (Run(TakeAsync))
        {
            await _time.AdvanceUntilAsync(() => File.Exists(ReceiptsPath));
        }

        await using var again = Run(TakeAsync);
        _source.Blobs["b"] = "\"1\"";
        await _time.AdvanceUntilAsync(() => _handled.Count == 2);

        Assert.Equal(["a", "b"], _handled);
    }

    [Fact]
    public async Task DamagedReceipts_CountAsNone()
    {
        await File.WriteAllTextAsync(ReceiptsPath, "{ half");
        _source.Blobs["a"] = "\"1\"";
        await using var scan = Run(TakeAsync);
        await _time.AdvanceUntilAsync(() => _handled.Count == 1);
    }

    [Fact]
    public async Task FailingBlob_IsTriedAgainAfterARestAndThenPoison()
    {
        _source.Blobs["default/bad \"name\".jpg"] = "\"7\"";
        List<DateTimeOffset> tries = [];
        await using var scan = Run((_, _) =>
        {
            lock (tries)
            {
                tries.Add(_time.GetUtcNow());
            }

            throw new InvalidDataException("no");
        });
        await _time.AdvanceUntilAsync(() => _source.Poison.Count > 0, TimeSpan.FromSeconds(1));
        await _time.AdvanceAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1));

        Assert.Equal(3, tries.Count);
        Assert.All(tries.Zip(tries.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromSeconds(30)));
        var message = System.Text.Json.JsonDocument.Parse(Assert.Single(_source.Poison)).RootElement;
        Assert.Equal(
            ["BlobTrigger", "Host.Functions.InboxDrop", "BlockBlob", "inbox", "default/bad \"name\".jpg", "\"7\""],
            ((string[])["Type", "FunctionId", "BlobType", "ContainerName", "BlobName", "ETag"]).Select(name => message.GetProperty(name).GetString()!));
    }

    [Fact]
    public async Task BlobsAtATime_AreAsManyAsTheHostsSettingsSay()
    {
        SemaphoreSlim gate = new(0);
        var inWork = 0;
        var most = 0;
        foreach (var i in Enumerable.Range(0, 10))
        {
            _source.Blobs[$"{i}"] = "\"1\"";
        }

        await using var scan = Run(async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inWork));
            await gate.WaitAsync(CancellationToken.None);
            Interlocked.Decrement(ref inWork);
        });
        await _time.AdvanceUntilAsync(() => inWork == 2);
        gate.Release(100);
        await _time.AdvanceUntilAsync(() => inWork == 0);

        Assert.Equal(2, most);
    }

    private Task TakeAsync(string name, CancellationToken cancellationToken)
    {
        lock (_handled)
        {
            _handled.Add(name);
        }

        return Task.CompletedTask;
    }

    private RunningLoop Run(Func<string, CancellationToken, Task> handle) => new(new BlobScan(
        "InboxDrop",
        _source,
        new BlobReceipts(ReceiptsPath),
        new BlobSettings { MaxDegreeOfParallelism = 2, PoisonBlobThreshold = 3 },
        TimeSpan.FromSeconds(30),
        handle,
        _time,
        NullLogger.Instance).RunAsync);

    private sealed class FakeSource : IBlobSource
    {
        public System.Collections.Concurrent.ConcurrentDictionary<string, string> Blobs { get; } = new(StringComparer.Ordinal);

        public List<string> Poison { get; } = [];

        public string Container => "inbox";

        public async IAsyncEnumerable<BlobVersion> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            foreach (var (name, etag) in Blobs.OrderBy(blob => blob.Key, StringComparer.Ordinal))
            {
                yield return new BlobVersion(name, etag);
            }
        }

        public Task PoisonAsync(string message, CancellationToken cancellationToken)
        {
            Poison.Add(message);
            return Task.CompletedTask;
        }
    }
}
