using FlashDrop.Core.Pipeline;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class PollScheduleTests
{
    private static readonly UpstreamTask Task = new() { Id = "t", Status = "pending", EstimatedTime = TimeSpan.FromSeconds(3) };

    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStorage _storage;

    public PollScheduleTests() => _storage = new InMemoryStorage(_time);

    [Fact]
    public async Task NothingKnown_LooksFirstAtTheUpstreamsEstimate_OrAfterFiveSeconds()
    {
        var sut = Create();

        Assert.Equal(TimeSpan.FromSeconds(3), await sut.FirstAsync("p", Task, 0, CancellationToken.None));
        Assert.Equal(TimeSpan.FromSeconds(5), await sut.FirstAsync("p", Task with { EstimatedTime = null }, 0, CancellationToken.None));
        Assert.Equal(TimeSpan.FromSeconds(5), await sut.FirstAsync("p", Task with { EstimatedTime = TimeSpan.FromHours(1) }, 0, CancellationToken.None));
    }

    [Fact]
    public async Task RecentDurations_PlaceTheFirstLook_PerProfile()
    {
        var sut = Create();
        for (var i = 1; i <= 10; i++)
        {
            sut.Observe("slow", TimeSpan.FromSeconds(10 * i), firstLook: false);
        }

        Assert.Equal(TimeSpan.FromSeconds(50), await sut.FirstAsync("slow", Task, 0, CancellationToken.None));
        Assert.Equal(TimeSpan.FromSeconds(3), await sut.FirstAsync("other", Task, 0, CancellationToken.None));
    }

    [Fact]
    public async Task TasksFoundFinishedAtTheFirstLook_MoveItCloser_SoThatItNeverRunsAway()
    {
        var sut = Create();
        var look = TimeSpan.FromSeconds(100);
        for (var i = 0; i < 200; i++)
        {
            sut.Observe("p", look, firstLook: true);
            look = await sut.FirstAsync("p", Task, random: 1, CancellationToken.None);
        }

        Assert.InRange(look.TotalSeconds, 2, 20);
    }

    [Fact]
    public async Task WhatOneInstanceObserved_AnotherOneUses()
    {
        var poller = Create();
        poller.Observe("p", TimeSpan.FromSeconds(40), firstLook: false);
        await poller.FlushAsync(CancellationToken.None);

        Assert.Equal(TimeSpan.FromSeconds(40), await Create().FirstAsync("p", Task, 0, CancellationToken.None));
    }

    [Fact]
    public async Task Durations_AreSharedAtMostOnceAMinute()
    {
        var sut = Create();
        for (var i = 0; i < 50; i++)
        {
            sut.Observe("p", TimeSpan.FromSeconds(i), firstLook: false);
            await sut.FlushAsync(CancellationToken.None);
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(2, _storage.Operations.Of(StorageOperations.CheckpointWrite));
    }

    [Fact]
    public async Task SpoiltCheckpoint_IsIgnored()
    {
        await _storage.Checkpoints.WriteAsync("durations:p", "abc,NaN,-3,∞", CancellationToken.None);

        Assert.Equal(TimeSpan.FromSeconds(3), await Create().FirstAsync("p", Task, 0, CancellationToken.None));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(60, 9)]
    [InlineData(600, 30)]
    public void LaterLooks_ComeAfterAShareOfTheTimeSoFar_WithinTheirLimits(double elapsed, double expected)
    {
        Assert.Equal(TimeSpan.FromSeconds(expected), Create().Next(TimeSpan.FromSeconds(elapsed), hint: null, random: 0.5));
    }

    [Fact]
    public void UpstreamsWishToWait_IsHonoured()
    {
        Assert.Equal(TimeSpan.FromMinutes(2), Create().Next(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2), random: 0.5));
    }

    private PollSchedule Create() => new(Options.Create(new PipelineOptions()), _storage.Checkpoints, _time);
}
