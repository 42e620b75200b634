namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>Real processes under SIGKILL: the simulation's promises on the real storage. <c>eng/chaos.sh</c> runs the long form.</summary>
public sealed class ChaosTests
{
    [Fact]
    public async Task KilledHostsAndRestartedStorage_LoseNothingAndCountNothingTwice()
    {
        var plan = ChaosPlan.FromEnvironment();
        await using var run = await ChaosRun.RunAsync(plan);
        var books = await ChaosBooks.CheckAsync(run);
        await books.CheckAgainAsync();

        TestContext.Current.SendDiagnosticMessage("{0} kills, {1} restarts of the storage, seed {2}: {3}", plan.Kills, plan.StorageRestarts, plan.Seed, books.Summary);
        Assert.True(books.Wrong.Count == 0, $"{books.Summary}\n\n{string.Join("\n", books.Wrong)}\n\n{run.Output}");
    }
}
