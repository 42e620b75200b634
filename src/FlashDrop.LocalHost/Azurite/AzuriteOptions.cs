namespace FlashDrop.LocalHost.Azurite;

/// <summary>How to run Azurite, the local storage.</summary>
internal sealed record AzuriteOptions
{
    /// <summary>The version fetched when none is installed.</summary>
    public const string PinnedVersion = "3.37.0";

    /// <summary>Folder for its data; null keeps the data in memory.</summary>
    public string? DataFolder { get; init; }

    /// <summary>File that remembers a running instance, to find it again after a crash; null when there is no need.</summary>
    public string? StatePath { get; init; }

    /// <summary>Folder for small helper files.</summary>
    public required string ToolFolder { get; init; }

    /// <summary>Ports asked for: blob, queue, table. When one is taken, free ones are used. Null asks for free ones.</summary>
    public AzuritePorts? Ports { get; init; } = AzuritePorts.Default;

    /// <summary>Value of <c>PATH</c> to look for programs in.</summary>
    public string? SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH");

    /// <summary>How long it may take to answer once started. Default 60 s.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long fetching it may take, once per machine. Default 5 minutes.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Hears what is going on, in whole sentences.</summary>
    public Action<string> Say { get; init; } = _ => { };
}

/// <summary>The ports of an instance, on 127.0.0.1.</summary>
/// <param name="Blob">Blob service.</param>
/// <param name="Queue">Queue service.</param>
/// <param name="Table">Table service.</param>
internal sealed record AzuritePorts(int Blob, int Queue, int Table)
{
    /// <summary>The ports Azurite uses by default.</summary>
    public static readonly AzuritePorts Default = new(10000, 10001, 10002);

    private const string Account = "devstoreaccount1";

    /// <summary>The key every Azurite has; it is published and protects nothing.</summary>
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <summary>Connects to this instance.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};" +
        $"BlobEndpoint={Endpoint(Blob)};QueueEndpoint={Endpoint(Queue)};TableEndpoint={Endpoint(Table)};";

    /// <summary>The endpoint of one service.</summary>
    public static string Endpoint(int port) => $"http://127.0.0.1:{port}/{Account}";
}
