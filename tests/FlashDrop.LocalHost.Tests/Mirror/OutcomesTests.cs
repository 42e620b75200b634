using FlashDrop.LocalHost.Mirror;

namespace FlashDrop.LocalHost.Tests.Mirror;

public sealed class OutcomesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void ErrorWhoseSuccessCameLater_IsNotShown() => Assert.Equal(
        ["d/a.jpg.result.json"], Current(("d/a.jpg.error.json", 0), ("d/a.jpg.result.json", 5)));

    [Fact]
    public void ErrorAfterASuccess_IsShownBesideIt() => Assert.Equal(
        ["d/a.jpg.error.json", "d/a.jpg.result.json"], Current(("d/a.jpg.error.json", 5), ("d/a.jpg.result.json", 0)));

    [Fact]
    public void OutcomesOfOtherDrops_DoNotMatter() => Assert.Equal(
        ["d/a.jpg.error.json", "d/a.jpg2.result.json"], Current(("d/a.jpg.error.json", 0), ("d/a.jpg2.result.json", 5)));

    [Fact]
    public void CopiesALaterOutcomeReplaced_AreStale()
    {
        Assert.Equal(["d/a.error.json"], Outcomes.Stale(Set("d/a.result.json", "d/a.md"), Set("d/a.error.json", "d/a.result.json", "d/a.md")));
        Assert.Equal(
            ["d/a.md", "d/a.result.json"],
            Outcomes.Stale(Set("d/a.error.json"), Set("d/a.error.json", "d/a.result.json", "d/a.md")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void CopiesWithoutAnyOutcomeLeft_AreKept() =>
        Assert.Empty(Outcomes.Stale(Set("d/b.result.json"), Set("d/a.result.json", "d/a.md")));

    private static IEnumerable<string> Current(params (string Name, int Seconds)[] blobs) =>
        Outcomes.Current(blobs.ToDictionary(blob => blob.Name, blob => Noon.AddSeconds(blob.Seconds), StringComparer.Ordinal)).Order(StringComparer.Ordinal);

    private static HashSet<string> Set(params string[] names) => [.. names];
}
