using FlashDrop.Testing;

namespace FlashDrop.Core.Tests.Pipeline;

/// <summary>How often tasks are looked at and how late they are found finished, with the deployed timer and mixed durations.</summary>
public sealed class PollMixTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task MixedDurations_TakeTwoLooksAtTheMedian_AndAreFoundWithinAFifthOfTheirTime(int seed)
    {
        var outcome = await PollSimulation.RunAsync(PollSimulation.Mixes, tasks: 600, seed);

        Assert.True(outcome.Looks(0.5) <= 2, $"{outcome.Looks(0.5)} looks at the median.");
        Assert.True(outcome.Lag(0.5) <= 0.2, $"Found {outcome.Lag(0.5):0%} of the task's time after its end, at the median.");
    }

    [Theory]
    [InlineData("product-photo")]
    [InlineData("document-summary")]
    [InlineData("meeting-notes")]
    [InlineData("transcript")]
    public async Task DurationsOfOneKind_AreFoundWithinAFifthOfTheirTime(string profile)
    {
        var mix = PollSimulation.Mixes.Single(m => m.Profile == profile);

        var outcome = await PollSimulation.RunAsync([mix], tasks: 2000, seed: 1);

        Assert.True(outcome.Looks(0.5) <= 2, $"{outcome.Looks(0.5)} looks at the median.");
        Assert.True(outcome.Lag(0.5) <= 0.2, $"Found {outcome.Lag(0.5):0%} of the task's time after its end, at the median.");
    }
}
