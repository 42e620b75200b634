using System.Text.RegularExpressions;

namespace FlashDrop.Core.Tests.Jobs;

public sealed partial class ErrorCodesTests
{
    [Fact]
    public void DocumentedCodes_AreTheCodesInUse()
    {
        var source = Docs.Source("src/FlashDrop.Core/Jobs/JobErrors.cs");
        var used = Code().Matches(source).Select(m => m.Groups["code"].Value).Distinct(StringComparer.Ordinal);
        var table = string.Join('\n', Docs.Read("errors.md").Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Split('|')[1]));
        var documented = Quoted().Matches(table).Select(m => m.Groups["code"].Value);

        Assert.Equal(used.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    /// <summary>A code stands first in an error's constructor or in the table of upstream failures, or is a constant.</summary>
    [GeneratedRegex("""(?:new\(\s*|new JobError\(\s*|=> \(|const string \w+ = )"(?<code>[a-z_]+)["]""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Code();

    [GeneratedRegex("`(?<code>[a-z_]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Quoted();
}
