namespace FlashDrop.LocalHost.Hosting;

/// <summary>What the command line asks for.</summary>
internal sealed record RunOptions
{
    /// <summary>Default port of the HTTP API.</summary>
    public const int DefaultPort = 7071;

    /// <summary>Folder with <c>inbox</c>, <c>results</c>, <c>reports</c> and <c>.local</c>, absolute.</summary>
    public required string WorkFolder { get; init; }

    /// <summary>Port of the HTTP API on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Folder whose sub-folders are dropped once, absolute; null to run until stopped.</summary>
    public string? OnceFolder { get; init; }

    /// <summary>How long <c>--once</c> may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Whether to log in detail.</summary>
    public bool Verbose { get; init; }

    /// <summary>Settings given on the command line; they win over environment and files.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Folder for what this host remembers.</summary>
    public string LocalFolder => Path.Combine(WorkFolder, ".local");
}
