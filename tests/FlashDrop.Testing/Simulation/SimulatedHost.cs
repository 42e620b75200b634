using System.Text;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Testing.Simulation;

/// <summary>
/// The Functions host: delivers queue messages and blob events with lease renewal, five times at most and then to the poison queue,
/// and fires the two timers.
/// </summary>
internal sealed class SimulatedHost(SimulatedWorld simulation, Random random)
{
    /// <summary>The host's own queue between Event Grid and the blob trigger.</summary>
    public const string BlobEvents = "host-blob-events";

    /// <summary>The fault that lets another delivery of a message begin while the first is worked on.</summary>
    public const string LostLease = "lease not renewed";

    private const int MaxDequeueCount = 5;
    private const string SubmitPoison = Queues.Submit + Queues.PoisonSuffix;
    private const string PollPoison = Queues.Poll + Queues.PoisonSuffix;

    private static readonly string[] Pumped = [BlobEvents, Queues.Submit, SubmitPoison, PollPoison, Queues.BlobTriggerPoison];
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, DateTimeOffset> _planned = new(StringComparer.Ordinal);
    private int _polling;
    private int _sweeping;

    /// <summary>Whether a sweep has found everything done and nothing under way.</summary>
    public bool Rested { get; set; }

    public void Begin()
    {
        simulation.At(TimeSpan.FromSeconds(random.Next(300)), FireSweep);
    }

    /// <summary>Event Grid: an event comes late, twice or never.</summary>
    public void Publish(string path)
    {
        if (simulation.Faulty && random.NextDouble() < simulation.Plan.EventLost)
        {
            simulation.CountFault("event lost");
            simulation.Log($"event of {path} is lost");
            return;
        }

        var copies = simulation.Faulty && random.NextDouble() < simulation.Plan.EventTwice ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            var late = simulation.Faulty && random.Next(10) == 0;
            simulation.At(
                late ? TimeSpan.FromSeconds(random.Next(60, 1_500)) : TimeSpan.FromMilliseconds(random.Next(3_000)),
                () => simulation.Storage.Queue.Send(BlobEvents, path));
        }
    }

    /// <summary>Every message and event there ever was, once more.</summary>
    public void ReplayEverything()
    {
        foreach (var (queue, text) in simulation.Invariants.Messages)
        {
            simulation.Storage.Queue.Send(queue, text, TimeSpan.FromMilliseconds(random.Next(60_000)));
        }
    }

    /// <summary>Makes sure that whatever is or becomes visible is fetched.</summary>
    public void PlanPumps()
    {
        foreach (var queue in Pumped)
        {
            Plan(queue, TimeSpan.FromMilliseconds(random.Next(500)), () => Pump(queue));
        }

        Plan(Queues.Poll, PollEvery, FirePoll);
    }

    /// <summary>What stands in the way of rest, for people.</summary>
    public string WhatIsLeft()
    {
        var left = new List<string>();
        foreach (var active in simulation.Storage.Jobs.AllActive())
        {
            left.Add($"job {active.Id} active, due {active.DueAt:HH:mm:ss}");
        }

        foreach (var queue in Pumped.Append(Queues.Poll))
        {
            if (simulation.Storage.Queue.Peek(queue) is { Count: > 0 } messages)
            {
                left.Add($"{messages.Count} messages on {queue} ({messages[0][..Math.Min(80, messages[0].Length)]})");
            }
        }

        if (simulation.Running > 0)
        {
            left.Add($"{simulation.Running} operations under way");
        }

        if (simulation.Users.Busy)
        {
            left.Add("callers still waiting");
        }

        left.AddRange(simulation.Users.DropsWithoutJob().Select(path => $"drop {path} has no job"));
        return string.Join("; ", left);
    }

    private void Plan(string queue, TimeSpan wait, Action pump)
    {
        if (simulation.Storage.Queue.NextVisibleAt(queue) is not { } visible)
        {
            return;
        }

        var at = visible > simulation.Now ? visible : simulation.Now;
        if (_planned.TryGetValue(queue, out var planned) && planned <= at + wait)
        {
            return;
        }

        _planned[queue] = at + wait;
        simulation.At(at + wait - simulation.Now, () =>
        {
            if (_planned.TryGetValue(queue, out var due) && due <= simulation.Now)
            {
                _planned.Remove(queue);
                pump();
            }
        });
    }

    private void Pump(string queue)
    {
        if (simulation.AnyInstance() is not { } instance)
        {
            // Nobody is there to take it; PlanPumps asks again.
            _planned[queue] = simulation.Now + TimeSpan.FromSeconds(1);
            simulation.At(TimeSpan.FromSeconds(1), () => _planned.Remove(queue));
            return;
        }

        foreach (var delivery in simulation.Storage.Queue.Receive(queue, random.Next(1, 5), Lease))
        {
            Deliver(instance, delivery);
        }
    }

    private void Deliver(SimulatedInstance instance, QueueDelivery delivery)
    {
        var (queue, text, deliveries) = (delivery.Queue, delivery.Text, (int)delivery.Deliveries);
        var operation = simulation.Begin(
            queue,
            instance,
            op => queue switch
            {
                BlobEvents => instance.Pipeline.HandleDropAsync(text, op.Cancellation.Token),
                Queues.Submit => instance.Pipeline.HandleSubmitAsync(text, deliveries, op.Cancellation.Token),
                SubmitPoison => instance.Pipeline.HandlePoisonedSubmitAsync(text, op.Cancellation.Token),
                PollPoison => instance.Pipeline.HandlePoisonedPollAsync(text, op.Cancellation.Token),
                _ => instance.Pipeline.HandlePoisonedDropAsync(text, op.Cancellation.Token),
            },
            failure => Settle(delivery, failure));
        Renew(operation, delivery);
    }

    private void Renew(Operation operation, QueueDelivery delivery)
    {
        if (simulation.Faulty && random.NextDouble() < simulation.Plan.LeaseLoss)
        {
            simulation.CountFault(LostLease);
            simulation.Trouble(operation, LostLease);
            return;
        }

        simulation.At(Lease / 2, () =>
        {
            if (!operation.Ended)
            {
                simulation.Storage.Queue.Release(delivery, Lease);
                Renew(operation, delivery);
            }
        });
    }

    private void Settle(QueueDelivery delivery, Exception? failure)
    {
        switch (failure)
        {
            case null:
                simulation.Storage.Queue.Delete(delivery.Queue, delivery.MessageId, delivery.Receipt);
                break;

            // The lease brings it back.
            case CrashedException or OperationCanceledException:
                break;

            case not null when delivery.Deliveries >= MaxDequeueCount:
                if (simulation.Storage.Queue.Delete(delivery.Queue, delivery.MessageId, delivery.Receipt))
                {
                    simulation.CountFault("message poisoned");
                    Poison(delivery);
                }

                break;

            default:
                simulation.Storage.Queue.Release(delivery, TimeSpan.FromSeconds(random.Next(1, 30)));
                break;
        }
    }

    /// <summary>The host's dead letters; those of the blob trigger are JSON, as base64 or not.</summary>
    private void Poison(QueueDelivery delivery)
    {
        if (delivery.Queue == BlobEvents)
        {
            var json = $$"""{"Type":"BlobTrigger","FunctionId":"Host.Functions.Inbox","BlobType":"BlockBlob","ContainerName":"inbox","BlobName":"{{delivery.Text}}","ETag":"any"}""";
            Send(Queues.BlobTriggerPoison, random.Next(2) == 0 ? json : Convert.ToBase64String(Encoding.UTF8.GetBytes(json)));
        }
        else
        {
            // A dead letter of a dead letter has nobody to handle it; the sweep looks after its job.
            Send(delivery.Queue + Queues.PoisonSuffix, delivery.Text);
        }
    }

    private void Send(string queue, string text)
    {
        simulation.Log($"message to {queue}");
        simulation.Storage.Queue.Send(queue, text);
        simulation.Invariants.NoteMessage(queue, text);
    }

    private void FirePoll()
    {
        if (simulation.AnyInstance() is not { } instance || (_polling > 0 && !(simulation.Faulty && random.NextDouble() < simulation.Plan.DoubleTimer)))
        {
            _planned[Queues.Poll] = simulation.Now + PollEvery;
            simulation.At(PollEvery, () => _planned.Remove(Queues.Poll));
            return;
        }

        _polling++;
        simulation.Begin("PollTasks", instance, op => instance.Pipeline.WatchTasksAsync(op.Cancellation.Token), _ => _polling--);
    }

    private void FireSweep()
    {
        simulation.At(SweepEvery, FireSweep);
        if (!simulation.Faulty && WhatIsLeft().Length == 0)
        {
            Rested = true;
            return;
        }

        if (_sweeping > 1)
        {
            return;
        }

        var copies = simulation.Faulty && random.NextDouble() < simulation.Plan.DoubleTimer ? 2 : 1;
        for (var copy = 0; copy < copies && simulation.AnyInstance() is { } instance; copy++)
        {
            _sweeping++;
            simulation.Begin("Sweep", instance, op => instance.Pipeline.SweepAsync(op.Cancellation.Token), _ => _sweeping--);
        }
    }
}
