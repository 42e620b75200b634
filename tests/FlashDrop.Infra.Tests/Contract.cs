using System.Text.RegularExpressions;

namespace FlashDrop.Infra.Tests;

/// <summary>Compares what the deployment gives with what the code takes. Each rule gives one line per disagreement.</summary>
internal sealed partial class Contract(Infrastructure infrastructure, SourceCode code)
{
    // Read by the telemetry exporters, not by our code.
    private static readonly string[] PlatformSettings = ["APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"];

    // The identity form of a host connection, as the Functions host documents it.
    private static readonly string[] HostConnection = ["accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId"];

    // What queries find in the platform's own columns: storage operations and their addresses.
    private static readonly string[] PlatformNames = ["PutMessage", "-poison/messages", "/"];

    private const string Connection = "AzureWebJobsStorage";

    /// <summary>
    /// Whether the composition root is there. Until then the code is known to be incomplete, and only what exists is compared.
    /// </summary>
    public bool IsCodeComplete { get; init; } = Repository.Exists("src/FlashDrop.Functions/FlashDrop.Functions.csproj");

    public IEnumerable<string> SettingsNobodyReads()
    {
        foreach (string setting in infrastructure.AppSettings.Keys.Except(PlatformSettings, StringComparer.Ordinal))
        {
            string[] path = setting.Split("__");
            if (path[0] == Connection)
            {
                if (path.Length != 2 || !HostConnection.Contains(path[1], StringComparer.Ordinal))
                {
                    yield return $"{setting} is no part of a host connection";
                }
            }
            else if (path.Length == 1)
            {
                if (IsCodeComplete && !code.Schedules.Contains($"%{setting}%", StringComparer.Ordinal))
                {
                    yield return $"{setting} is no timer's schedule";
                }
            }
            else if (FindSection(path) is not ({ } section, var rest))
            {
                if (IsCodeComplete)
                {
                    yield return $"{setting} is in no section that the code binds";
                }
            }
            else if (!Exists(code.Sections[section], rest))
            {
                yield return $"{setting} is not a property of {code.Sections[section]}";
            }
        }
    }

    public IEnumerable<string> SettingsNobodyGives()
    {
        foreach (string schedule in code.Schedules.Where(schedule => schedule.StartsWith('%')).Select(schedule => schedule.Trim('%')))
        {
            if (!infrastructure.AppSettings.ContainsKey(schedule))
            {
                yield return $"the schedule {schedule} is not set";
            }
        }

        foreach ((string section, string type) in code.Sections.Where(section => section.Key.StartsWith("FlashDrop:", StringComparison.OrdinalIgnoreCase)))
        {
            foreach ((string property, OptionProperty _) in code.Class(type)!.Where(property => property.Value.IsRequired))
            {
                string setting = $"{section}:{property}".Replace(":", "__", StringComparison.Ordinal);
                if (!infrastructure.AppSettings.Keys.Any(given => given.StartsWith(setting, StringComparison.OrdinalIgnoreCase)))
                {
                    yield return $"{setting} has no default and is not set";
                }
            }
        }
    }

    public IEnumerable<string> StorageNamesThatDiffer()
    {
        foreach (string difference in Differences("container", infrastructure.AppContainers, code.List("Containers", "All"))
            .Concat(Differences("queue", infrastructure.Queues, code.List("Queues", "All")))
            .Concat(Differences("table", infrastructure.Tables, code.ConstantsNamed("Table", "FlashDrop.Azure"))))
        {
            yield return difference;
        }

        foreach (string queue in code.TriggerQueues.Except(infrastructure.Queues, StringComparer.Ordinal))
        {
            yield return $"a function waits for the queue {queue}, which is not deployed";
        }

        foreach (string container in code.TriggerBlobs.Select(path => path.Split('/')[0]).Except(infrastructure.AppContainers, StringComparer.Ordinal))
        {
            yield return $"a function waits for the container {container}, which is not deployed";
        }

        foreach (string aged in infrastructure.AgedContainers.Except(infrastructure.AppContainers.Concat(infrastructure.PlatformContainers), StringComparer.Ordinal))
        {
            yield return $"the retention rule {aged} is for no container";
        }
    }

    /// <summary>Names that a query looks for, and that neither the code nor the platform writes.</summary>
    public IEnumerable<string> NamesNobodyWrites(IReadOnlyDictionary<string, string> queries) =>
        from query in queries
        from name in QuotedNames().Matches(query.Value).Select(match => match.Groups["name"].Value)
        where !PlatformNames.Contains(name, StringComparer.Ordinal)
            && !code.Functions.Contains(name, StringComparer.Ordinal)
            && !code.Literals.Contains(name)
        select $"{query.Key} looks for {name}, which nobody writes";

    private IEnumerable<string> Differences(string kind, IReadOnlyList<string> deployed, IReadOnlyList<string> used)
    {
        if (used.Count == 0 && !IsCodeComplete)
        {
            yield break;
        }

        foreach (string name in used.Except(deployed, StringComparer.Ordinal))
        {
            yield return $"the {kind} {name} is used and not deployed";
        }

        foreach (string name in deployed.Except(used, StringComparer.Ordinal))
        {
            yield return $"the {kind} {name} is deployed and not used";
        }
    }

    /// <summary>The longest section the path begins with.</summary>
    private (string? Section, string[] Tail) FindSection(string[] path)
    {
        for (int length = path.Length - 1; length > 0; length--)
        {
            string section = string.Join(':', path[..length]);
            if (code.Sections.ContainsKey(section))
            {
                return (code.Sections.Keys.First(known => string.Equals(known, section, StringComparison.OrdinalIgnoreCase)), path[length..]);
            }
        }

        return (null, []);
    }

    private bool Exists(string type, string[] path)
    {
        IReadOnlyDictionary<string, OptionProperty>? properties = code.Class(type);
        if (properties is null)
        {
            return false;
        }

        if (!properties.TryGetValue(path[0], out OptionProperty? property))
        {
            // A class around one dictionary is bound to the dictionary itself.
            return properties.Count == 1 && ElementOf(properties.Values.Single().Type) is { } only && ExistsIn(only, path[1..]);
        }

        return path.Length == 1 || (ElementOf(property.Type) is { } element ? ExistsIn(element, path[2..]) : Exists(property.Type.TrimEnd('?'), path[1..]));
    }

    private bool ExistsIn(string element, string[] path) => path.Length == 0 ? code.Class(element) is null : Exists(element, path);

    /// <summary>What a dictionary or list holds; null for any other type.</summary>
    private static string? ElementOf(string type) =>
        type.EndsWith('>') && (type.Contains("Dictionary<", StringComparison.Ordinal) || type.Contains("List<", StringComparison.Ordinal))
            ? type[(type.IndexOf('<', StringComparison.Ordinal) + 1)..^1].Split(',')[^1].Trim()
            : null;

    [GeneratedRegex("\"(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex QuotedNames();
}
