namespace FlashDrop.Infra.Tests;

/// <summary>Real files with one mistake each, checked in one go: starting a parser takes longer than using it.</summary>
internal sealed class MistakenFiles(IEnumerable<(string Check, string Path, string Old, string New)> mistakes)
{
    private readonly Lazy<Task<Dictionary<string, IReadOnlyList<Finding>>>> _findings = new(() => CheckAsync([.. mistakes]));

    public async Task<IReadOnlyList<Finding>> FindingsAsync(string check, string path, string old, string @new)
    {
        Assert.Contains(old, Repository.Read(path), StringComparison.Ordinal);
        return (await _findings.Value)[Key(check, path, old, @new)];
    }

    private static async Task<Dictionary<string, IReadOnlyList<Finding>>> CheckAsync(IReadOnlyList<(string Check, string Path, string Old, string New)> mistakes)
    {
        Dictionary<string, IReadOnlyList<Finding>> found = new(StringComparer.Ordinal);
        foreach (IGrouping<string, (string Check, string Path, string Old, string New)> check in mistakes.GroupBy(mistake => mistake.Check, StringComparer.Ordinal))
        {
            // A folder of its own keeps two changes of one file apart.
            Dictionary<string, (string Check, string Path, string Old, string New)> byName = check.Select((mistake, index) => (Name: $"{index}/{mistake.Path}", mistake)).ToDictionary(item => item.Name, item => item.mistake, StringComparer.Ordinal);
            IReadOnlyList<Finding> findings = await NodeTool.LintAsync(
                check.Key,
                byName.ToDictionary(item => item.Key, item => Repository.Read(item.Value.Path).Replace(item.Value.Old, item.Value.New, StringComparison.Ordinal), StringComparer.Ordinal),
                CancellationToken.None);
            foreach ((string name, (string Check, string Path, string Old, string New) mistake) in byName)
            {
                found[Key(mistake.Check, mistake.Path, mistake.Old, mistake.New)] = [.. findings.Where(finding => finding.File == name)];
            }
        }

        return found;
    }

    private static string Key(string check, string path, string old, string @new) => string.Join('\0', check, path, old, @new);
}
