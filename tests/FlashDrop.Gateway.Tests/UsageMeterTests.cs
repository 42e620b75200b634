using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Metering;
using FlashDrop.Testing;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Tests;

public sealed class UsageMeterTests
{
    /// <summary>As many as there are writers.</summary>
    private const int Refused = 4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RowsTheStoreRefusesForGood_AreDroppedAndCounted_AndTheOthersAreWritten()
    {
        var storage = new InMemoryStorage(TimeProvider.System) { Faults = new RefusingFirst() };
        using var meter = new UsageMeter(storage.Jobs, Options.Create(new RelayOptions()), TimeProvider.System, NullLogger<UsageMeter>.Instance);
        await meter.StartAsync(Stop);

        for (var i = 0; i < 20; i++)
        {
            meter.Record(Row(i));
        }

        await meter.StopAsync(Stop);
        Assert.Equal((Refused, 20 - Refused, 0), (meter.Dropped, storage.Jobs.AllUsage().Count, meter.Pending));
    }

    private static UsageRecord Row(int number) => new()
    {
        Id = $"row-{number}",
        JobId = TestJobs.Id(TestJobs.Noon, number),
        Attempt = 1,
        Origin = JobOrigin.Gateway,
        Caller = "acme",
        Profile = "gemini",
        Tier = Tier.Standard,
        At = TestJobs.Noon,
    };

    private sealed class RefusingFirst : IFaultPlan
    {
        private int _left = Refused;

        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken) =>
            Interlocked.Decrement(ref _left) >= 0 ? throw new InvalidOperationException("No row can be like this.") : ValueTask.CompletedTask;

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
