namespace FlashDrop.LocalHost.Mirror;

/// <summary>Knows which result blobs belong together: <c>{name}.result.json</c>, <c>{name}.error.json</c> and the bare answer.</summary>
internal static class Outcomes
{
    private const string Result = ".result.json";
    private const string Error = ".error.json";
    private static readonly string[] Siblings = [Result, Error, ".md", ".txt", ".json"];

    /// <summary>The blobs to show: all but an error whose success came later.</summary>
    /// <param name="modified">Last modification of every blob, by name.</param>
    public static IEnumerable<string> Current(IReadOnlyDictionary<string, DateTimeOffset> modified) =>
        modified.Keys.Where(name => !(
            Base(name, Error) is { } of && modified.TryGetValue(of + Result, out var success) && success >= modified[name]));

    /// <summary>Local copies of outcomes that a later outcome of the same drop replaced.</summary>
    /// <param name="current">The blobs to show.</param>
    /// <param name="copied">The names copied before.</param>
    public static IReadOnlyList<string> Stale(IReadOnlySet<string> current, IReadOnlySet<string> copied) =>
    [
        .. current
            .Select(name => Base(name, Result) ?? Base(name, Error))
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .SelectMany(of => Siblings.Select(ending => of + ending))
            .Where(name => copied.Contains(name) && !current.Contains(name)),
    ];

    private static string? Base(string name, string ending) =>
        name.EndsWith(ending, StringComparison.Ordinal) ? name[..^ending.Length] : null;
}
