using FlashDrop.Core.Budgets;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Simulation;

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class JobStoreDecorator(InMemoryJobStore store) : IJobStore
{
    protected InMemoryJobStore Store { get; } = store;

    public virtual Task<string?> AddAsync(Job job, CancellationToken cancellationToken) => Store.AddAsync(job, cancellationToken);

    public virtual Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) => Store.FindAsync(id, cancellationToken);

    public virtual Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
        Store.UpdateAsync(job, version, usage, cancellationToken);

    public virtual Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) => Store.AddUsageAsync(usage, cancellationToken);

    public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken) => Store.ListAsync(query, cancellationToken);

    public virtual IAsyncEnumerable<ActiveJob> ListActiveAsync(DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, CancellationToken cancellationToken) =>
        Store.ListActiveAsync(firstDay, lastDay, dueBefore, cancellationToken);

    public virtual Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken) =>
        Store.FindMissingAsync(ids, cancellationToken);

    public IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, CancellationToken cancellationToken) => Store.ListUsageAsync(day, cancellationToken);

    public IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, CancellationToken cancellationToken) => Store.ListJobsAsync(day, cancellationToken);

    public Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken) =>
        Store.FindFirstDayAsync(earliest, latest, cancellationToken);

    public Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken) =>
        Store.PurgeDayAsync(day, rows, max, cancellationToken);

    public Task DeleteAsync(JobId id, CancellationToken cancellationToken) => Store.DeleteAsync(id, cancellationToken);
}

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class QueueDecorator(InMemoryWorkQueue queue) : IWorkQueue
{
    public virtual Task SendSubmitAsync(SubmitMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendSubmitAsync(message, delay, cancellationToken);

    public virtual Task SendPollAsync(PollMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.SendPollAsync(message, delay, cancellationToken);

    public virtual Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken) =>
        queue.ReceivePollsAsync(max, lease, cancellationToken);

    public virtual Task<bool> RescheduleAsync(PollDelivery delivery, PollMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queue.RescheduleAsync(delivery, message, delay, cancellationToken);

    public virtual Task DeleteAsync(PollDelivery delivery, CancellationToken cancellationToken) => queue.DeleteAsync(delivery, cancellationToken);

    public Task PoisonAsync(PollDelivery delivery, CancellationToken cancellationToken) => queue.PoisonAsync(delivery, cancellationToken);

    public Task<long> CountAsync(string name, CancellationToken cancellationToken) => queue.CountAsync(name, cancellationToken);
}

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class ContentDecorator(InMemoryContentStore store) : IContentStore
{
    protected string? WriterOf(BlobAddress address) => store.PeekInfo(address.Container, address.Name)?.Metadata.GetValueOrDefault("jobid");

    public Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) => store.OpenAsync(address, ifMatch, cancellationToken);

    public Task<ReadOnlyMemory<byte>?> ReadRangeAsync(BlobAddress address, long offset, int count, CancellationToken cancellationToken) =>
        store.ReadRangeAsync(address, offset, count, cancellationToken);

    public Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken) => store.GetInfoAsync(address, cancellationToken);

    public virtual Task<string?> WriteAsync(
        BlobAddress address, ReadOnlyMemory<byte> content, string contentType, WriteCondition condition, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken) =>
        store.WriteAsync(address, content, contentType, condition, metadata, cancellationToken);

    public Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken) => store.CopyAsync(source, destination, cancellationToken);

    public virtual Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) => store.DeleteAsync(address, ifMatch, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string? prefix, CancellationToken cancellationToken) => store.ListAsync(container, prefix, cancellationToken);

    public Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) => store.GetReadUrlAsync(address, lifetime, cancellationToken);

    public Task<Uri> GetWriteUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) => store.GetWriteUrlAsync(address, lifetime, cancellationToken);
}

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class BudgetStoreDecorator(InMemoryBudgetStore store) : IBudgetStore
{
    public Task<StoredLedger?> FindAsync(string caller, CancellationToken cancellationToken) => store.FindAsync(caller, cancellationToken);

    public virtual Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken) =>
        store.WriteAsync(caller, ledger, version, cancellationToken);
}

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class BudgetBookDecorator(IBudgetBook book) : IBudgetBook
{
    public ValueTask<BudgetAnswer> ReserveAsync(string caller, decimal usd, TimeSpan? patience, CancellationToken cancellationToken) =>
        book.ReserveAsync(caller, usd, patience, cancellationToken);

    public virtual void Settle(HeldBudget held, decimal? costUsd, bool counted) => book.Settle(held, costUsd, counted);

    public virtual Task RenewAsync(bool closing, CancellationToken cancellationToken) => book.RenewAsync(closing, cancellationToken);
}

/// <summary>Passes everything on; a planted bug overrides what it breaks.</summary>
internal abstract class UpstreamDecorator(IEvoLinkClient upstream) : IEvoLinkClient
{
    public virtual Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken) => upstream.SubmitAsync(request, cancellationToken);

    public Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) => upstream.GenerateAsync(request, cancellationToken);

    public IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, CancellationToken cancellationToken) => upstream.StreamAsync(request, cancellationToken);

    public virtual Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken) => upstream.ReadTaskAsync(taskId, cancellationToken);
}
