using System.Runtime.CompilerServices;
using System.Text;
using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Simulation;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Core.Tests.Simulation;

/// <summary>
/// Who watches the simulation: bugs planted into the ports, each of which it has to catch within so many seeds. A bug that is caught by
/// nothing means that a promise is not checked.
/// </summary>
public sealed class PlantedBugTests
{
    private const int Soon = 30;

    /// <summary>These need a crash or a race at one place; the others show in nearly any seed.</summary>
    private const int Rarely = 250;

    private static readonly Bug[] Bugs =
    [
        new("skip the ETag", "a terminal job never changes", Soon, Jobs(s => new VersionIgnoringJobs(s))),
        new("two usage rows", "usage beside the attempts is of late answers", Soon, Jobs(s => new TwiceMeteringJobs(s))),
        new("count the usage again on replay", "replaying any message changes nothing", Soon, Jobs(s => new ReplayMeteringJobs(s))),
        new("forget the usage row", "an answered attempt has its usage row", Soon, Jobs(s => new UnmeteredJobs(s))),
        new("forget the usage of late answers", "an answered task has exactly one usage row", Soon, Jobs(s => new LateUnmeteredJobs(s))),
        new("unknown usage is zero", "a usage row counts what the upstream counted; unknown is never zero", Soon, Jobs(s => new ZeroUsageJobs(s))),
        new("forget the active row", "a job has an active row until it is terminal", Soon, Jobs(s => new InactiveJobs(s))),
        new("no dedupe of drops", "a submission is an attempt, or an orphan that a fault explains", Soon, Jobs(s => new AcceptingAgainJobs(s))),
        new("resurrect a cancelled job", "a terminal job never changes", Soon, Jobs(s => new ResurrectingJobs(s))),
        new("promise a job that is not stored", "an accepted request is a job", Rarely, Jobs(s => new UnstoredJobs(s))),
        new("sweep finds no forgotten job", "nothing is in limbo", Soon, Jobs(s => new SweeplessJobs(s))),
        new("sweep finds no lost drop", "nothing is in limbo", Soon, Jobs(s => new DroplessJobs(s))),
        new("write the row before the result", "the result blob exists before the row says Succeeded", Soon, RowBeforeResult),
        new("lose the error blob", "the error blob exists before the row says Failed", Soon, Blobs(s => new ErrorlessBlobs(s))),
        new("overwrite a newer result", "a newer drop's result is never overwritten by an older one's", Rarely, Blobs(s => new OverwritingBlobs(s))),
        new("overwrite a result its row stands for", "replaying any message changes nothing", Soon, Blobs(s => new AlwaysWritingBlobs(s))),
        new("keep the result of a try that died", "the envelope says what the row says", Rarely, Blobs(s => new KeepingBlobs(s))),
        new("never withdraw a result", "only a succeeded job has a result", Rarely, Blobs(s => new UndeletingBlobs(s))),
        new("store a signed URL", "no secret in blobs", Soon, Blobs(s => new SigningBlobs(s))),
        new("delete the poll message first", "an answered task has exactly one usage row", Rarely, Queue(s => new DeletingFirstQueue(s))),
        new("never give up a lease", "nothing is in limbo", Soon, Queue(s => new EndlessLeaseQueue(s))),
        new("forget the submit message on retry", "an interrupted attempt was interrupted by something", Soon, Queue(s => new RetrylessQueue(s))),
        new("leave the poll message after completion", "nothing is in limbo", Soon, Queue(s => new UndeletingQueue(s))),
        new("forget idempotency keys", "an idempotency key is one job", Soon, (services, _) => services.AddSingleton<IIdempotencyStore>(new ForgetfulKeys())),
        new("treat a truncated answer as whole", "a success is a whole answer to this job", Soon, Upstream(u => new UntruncatingUpstream(u))),
        new("submit twice", "a submission is an attempt, or an orphan that a fault explains", Soon, Upstream(u => new TwiceSubmittingUpstream(u))),
        new("do not count what is reserved", "money is reserved before it is spent", Soon, Ledgers(s => new ForgetfulLedgers(s))),
        new("write the ledger whatever its version", "money is reserved before it is spent", Soon, Ledgers(s => new VersionIgnoringLedgers(s))),
        new("take the budget for twice as much", "a budget is never exceeded", Soon, (services, _) => Replace<ICallerBook>(services, book => new GenerousCallers(book))),
        new("settle a reservation twice", "money is reserved before it is spent", Soon, Books(b => new TwiceSettlingBook(b))),
        new("never settle a reservation", "the ledger says what was spent, and nothing stays reserved", Soon, Books(b => new UnsettlingBook(b))),
        new("never tell the ledger what is left of a grant", "an instance that ends returns its grant", Soon, Books(b => new SilentBook(b))),
        new("put the key into an error", "no secret or content in logs, rows and messages", Soon, Upstream(u => new LeakyUpstream(u))),
    ];

    public static TheoryData<string> Planted => [.. Bugs.Select(b => b.Name)];

    [Theory]
    [MemberData(nameof(Planted))]
    public void PlantedBug_IsCaught_ByThePromiseItBreaks(string name)
    {
        var bug = Bugs.Single(b => b.Name == name);
        SimulationFailedException? caught = null;
        var seed = 0;
        while (caught?.Promise != bug.Promise && seed < bug.Within)
        {
            caught = FailureOf(++seed, bug.Plant);
        }

        TestContext.Current.SendDiagnosticMessage("{0}: seed {1}: {2}", name, seed, caught?.Detail ?? "not caught");
        Assert.True(caught?.Promise == bug.Promise, $"'{name}' went through {bug.Within} seeds without breaking '{bug.Promise}'; last broken: {caught?.Promise ?? "none"}.");
        Assert.Contains($"eng/simulate.sh 1 {seed}", caught!.Message, StringComparison.Ordinal);
    }

    private sealed record Bug(string Name, string Promise, int Within, Action<IServiceCollection, InMemoryStorage> Plant);

    private static SimulationFailedException? FailureOf(int seed, Action<IServiceCollection, InMemoryStorage> plant)
    {
        try
        {
            SimulatedWorld.Run(seed, new SimulationOptions { Plant = plant });
            return null;
        }
        catch (SimulationFailedException e)
        {
            return e;
        }
    }

    private static Action<IServiceCollection, InMemoryStorage> Jobs(Func<InMemoryJobStore, IJobStore> bug) =>
        (services, storage) => services.AddSingleton(bug(storage.Jobs));

    private static Action<IServiceCollection, InMemoryStorage> Queue(Func<InMemoryWorkQueue, IWorkQueue> bug) =>
        (services, storage) => services.AddSingleton(bug(storage.Queue));

    private static Action<IServiceCollection, InMemoryStorage> Blobs(Func<InMemoryContentStore, IContentStore> bug) =>
        (services, storage) => services.AddSingleton(bug(storage.Content));

    private static Action<IServiceCollection, InMemoryStorage> Upstream(Func<IEvoLinkClient, IEvoLinkClient> bug) => (services, _) => Replace(services, bug);

    private static Action<IServiceCollection, InMemoryStorage> Ledgers(Func<InMemoryBudgetStore, IBudgetStore> bug) =>
        (services, storage) => services.AddSingleton(bug(storage.Budgets));

    private static Action<IServiceCollection, InMemoryStorage> Books(Func<IBudgetBook, IBudgetBook> bug) =>
        (services, _) => services.AddSingleton(provider => bug(ActivatorUtilities.CreateInstance<BudgetBook>(provider)));

    /// <summary>Puts a bug around an instance that the simulation brought along, where it brought one.</summary>
    private static void Replace<T>(IServiceCollection services, Func<T, T> bug)
        where T : class
    {
        if (services.Last(s => s.ServiceType == typeof(T)).ImplementationInstance is T real)
        {
            services.AddSingleton(bug(real));
        }
    }

    private static void RowBeforeResult(IServiceCollection services, InMemoryStorage storage)
    {
        var blobs = new LateBlobs(storage.Content);
        services.AddSingleton<IContentStore>(blobs);
        services.AddSingleton<IJobStore>(new FlushingJobs(storage.Jobs, blobs));
    }

    private sealed class VersionIgnoringJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
            await FindAsync(job.Id, cancellationToken) is { } current
                ? await base.UpdateAsync(job, current.Version, usage, cancellationToken)
                : null;
    }

    private sealed class TwiceMeteringJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
            base.UpdateAsync(job, version, [.. usage, .. usage.Select(u => u with { Id = u.Id + "-again" })], cancellationToken);
    }

    private sealed class ReplayMeteringJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) =>
            await base.AddUsageAsync(usage, cancellationToken) || await base.AddUsageAsync(usage with { Id = usage.Id + "-replay" }, cancellationToken);
    }

    private sealed class UnmeteredJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
            base.UpdateAsync(job, version, [], cancellationToken);
    }

    private sealed class LateUnmeteredJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) => Task.FromResult(true);
    }

    private sealed class ZeroUsageJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
            base.UpdateAsync(job, version, [.. usage.Select(u => u with { Usage = u.Usage ?? new TokenUsage() })], cancellationToken);
    }

    private sealed class InactiveJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async Task<string?> AddAsync(Job job, CancellationToken cancellationToken)
        {
            var version = await base.AddAsync(job, cancellationToken);
            Store.LoseActive(job.Id);
            return version;
        }
    }

    private sealed class UnstoredJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<string?> AddAsync(Job job, CancellationToken cancellationToken) =>
            job.Drop is null ? Task.FromResult<string?>("unstored") : base.AddAsync(job, cancellationToken);
    }

    private sealed class AcceptingAgainJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async Task<string?> AddAsync(Job job, CancellationToken cancellationToken) =>
            await base.AddAsync(job, cancellationToken) ?? (await FindAsync(job.Id, cancellationToken))?.Version;
    }

    private sealed class ResurrectingJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) =>
            await base.FindAsync(id, cancellationToken) is { } stored
                ? stored.Job.State == JobState.Cancelled ? stored with { Job = stored.Job with { State = JobState.Submitted, CompletedAt = null } } : stored
                : null;
    }

    private sealed class SweeplessJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override async IAsyncEnumerable<ActiveJob> ListActiveAsync(
            DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            yield break;
        }
    }

    private sealed class DroplessJobs(InMemoryJobStore store) : JobStoreDecorator(store)
    {
        public override Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlySet<JobId>>(new HashSet<JobId>());
    }

    private sealed class DeletingFirstQueue(InMemoryWorkQueue queue) : QueueDecorator(queue)
    {
        public override async Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken)
        {
            var received = await base.ReceivePollsAsync(max, lease, cancellationToken);
            foreach (var delivery in received)
            {
                await base.DeleteAsync(delivery, cancellationToken);
            }

            return received;
        }

        public override async Task<bool> RescheduleAsync(PollDelivery delivery, PollMessage message, TimeSpan delay, CancellationToken cancellationToken)
        {
            await SendPollAsync(message, delay, cancellationToken);
            return true;
        }
    }

    private sealed class EndlessLeaseQueue(InMemoryWorkQueue queue) : QueueDecorator(queue)
    {
        public override Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken) =>
            base.ReceivePollsAsync(max, TimeSpan.FromDays(7), cancellationToken);
    }

    private sealed class RetrylessQueue(InMemoryWorkQueue queue) : QueueDecorator(queue)
    {
        public override Task SendSubmitAsync(SubmitMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
            message.Attempt > 1 ? Task.CompletedTask : base.SendSubmitAsync(message, delay, cancellationToken);
    }

    private sealed class UndeletingQueue(InMemoryWorkQueue queue) : QueueDecorator(queue)
    {
        public override Task DeleteAsync(PollDelivery delivery, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class AlwaysWritingBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
            base.WriteAsync(address, content, contentType, WriteCondition.Always, metadata, cancellationToken);
    }

    private sealed class OverwritingBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
            base.WriteAsync(address, content, contentType, WriterOf(address) == metadata?.GetValueOrDefault("jobid") ? condition : WriteCondition.Always, metadata, cancellationToken);
    }

    private sealed class KeepingBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
            WriterOf(address) is { } writer && writer == metadata?.GetValueOrDefault("jobid")
                ? Task.FromResult<string?>("kept")
                : base.WriteAsync(address, content, contentType, condition, metadata, cancellationToken);
    }

    private sealed class SigningBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override async Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
            await base.WriteAsync(
                address,
                address is { Container: Containers.Requests } && !address.Name.EndsWith(".json", StringComparison.Ordinal)
                    ? (byte[])[.. content.ToArray(), .. Encoding.UTF8.GetBytes($"{await GetReadUrlAsync(address, TimeSpan.FromHours(1), cancellationToken)}")]
                    : content,
                contentType,
                condition,
                metadata,
                cancellationToken);
    }

    private sealed class UndeletingBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) => Task.FromResult(false);
    }

    private sealed class ErrorlessBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        public override Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
            address.Name.EndsWith(".error.json", StringComparison.Ordinal)
                ? Task.FromResult<string?>("lost")
                : base.WriteAsync(address, content, contentType, condition, metadata, cancellationToken);
    }

    private sealed class LateBlobs(InMemoryContentStore store) : ContentDecorator(store)
    {
        private readonly List<Func<CancellationToken, Task>> _late = [];

        public override Task<string?> WriteAsync(
            BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
        {
            if (address.Container != Containers.Results)
            {
                return base.WriteAsync(address, content, contentType, condition, metadata, cancellationToken);
            }

            _late.Add(ct => base.WriteAsync(address, content, contentType, condition, metadata, ct));
            return Task.FromResult<string?>("late");
        }

        public async Task FlushAsync(CancellationToken cancellationToken)
        {
            foreach (var write in _late.ToArray())
            {
                await write(cancellationToken);
            }
        }
    }

    private sealed class FlushingJobs(InMemoryJobStore store, LateBlobs blobs) : JobStoreDecorator(store)
    {
        public override async Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken)
        {
            var written = await base.UpdateAsync(job, version, usage, cancellationToken);
            await blobs.FlushAsync(cancellationToken);
            return written;
        }
    }

    private sealed class ForgetfulKeys : IIdempotencyStore
    {
        public Task<IdempotencyClaim> ClaimAsync(string caller, string key, IdempotencyClaim claim, CancellationToken cancellationToken) => Task.FromResult(claim);
    }

    private sealed class ForgetfulLedgers(InMemoryBudgetStore store) : BudgetStoreDecorator(store)
    {
        public override Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken) => base.WriteAsync(
            caller,
            ledger with { HeldUsd = 0, Grants = ledger.Grants.ToDictionary(grant => grant.Key, grant => grant.Value with { Usd = 0 }, StringComparer.Ordinal) },
            version,
            cancellationToken);
    }

    private sealed class VersionIgnoringLedgers(InMemoryBudgetStore store) : BudgetStoreDecorator(store)
    {
        public override async Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken)
        {
            while (!await base.WriteAsync(caller, ledger, version, cancellationToken))
            {
                version = (await FindAsync(caller, cancellationToken))?.Version;
            }

            return true;
        }
    }

    private sealed class GenerousCallers(ICallerBook callers) : ICallerBook
    {
        public async ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) =>
            (await callers.ListAsync(cancellationToken)).ToDictionary(
                known => known.Key,
                known => known.Value with { Limits = new CallerLimits { DailyBudgetUsd = known.Value.Limits!.DailyBudgetUsd * 2 } },
                StringComparer.Ordinal);
    }

    private sealed class TwiceSettlingBook(IBudgetBook book) : BudgetBookDecorator(book)
    {
        public override void Settle(HeldBudget held, decimal? costUsd, bool counted)
        {
            base.Settle(held, costUsd, counted);
            base.Settle(held, costUsd, counted);
        }
    }

    private sealed class UnsettlingBook(IBudgetBook book) : BudgetBookDecorator(book)
    {
        public override void Settle(HeldBudget held, decimal? costUsd, bool counted)
        {
        }
    }

    private sealed class SilentBook(IBudgetBook book) : BudgetBookDecorator(book)
    {
        public override Task RenewAsync(bool closing, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class UntruncatingUpstream(IEvoLinkClient upstream) : UpstreamDecorator(upstream)
    {
        public override async Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken) =>
            await base.ReadTaskAsync(taskId, cancellationToken) is var reading && reading is TaskReading.Completed { Answer: { FinishReason: "MAX_TOKENS", Text.Length: > 0 } answer } cut
                ? cut with { Answer = answer with { FinishReason = "STOP" } }
                : reading;
    }

    private sealed class TwiceSubmittingUpstream(IEvoLinkClient upstream) : UpstreamDecorator(upstream)
    {
        public override async Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken)
        {
            await base.SubmitAsync(request, cancellationToken);
            return await base.SubmitAsync(request, cancellationToken);
        }
    }

    private sealed class LeakyUpstream(IEvoLinkClient upstream) : UpstreamDecorator(upstream)
    {
        public override async Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
            await base.SubmitAsync(request, cancellationToken) is SubmitOutcome.Failed
                ? new SubmitOutcome.Failed(Errors.ServiceError(500) with { Message = $"Bearer {SimulatedWorld.UpstreamKey} was not liked" })
                : new SubmitOutcome.Unanswered(Errors.Timeout);
    }
}
