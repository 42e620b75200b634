using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.LocalHost.Settings;

/// <summary>What this host takes from <c>host.json</c>, with the Functions host's defaults for what it leaves out.</summary>
internal sealed record HostSettings
{
    /// <summary>Put before every route. Default <c>api</c>.</summary>
    public string RoutePrefix { get; init; } = "api";

    /// <summary>Queue triggers.</summary>
    public QueueSettings Queues { get; init; } = new();

    /// <summary>Blob triggers.</summary>
    public BlobSettings Blobs { get; init; } = new();

    /// <summary>Reads <c>host.json</c>.</summary>
    /// <exception cref="LocalHostException">It is missing or not right.</exception>
    public static HostSettings Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new LocalHostException($"{path} cannot be read: {exception.Message}", "Build the project again, or mend host.json.", exception);
        }
    }

    /// <summary>Reads the content of a <c>host.json</c>.</summary>
    /// <exception cref="JsonException">It is not right.</exception>
    public static HostSettings Parse(string json)
    {
        var extensions = JsonSerializer.Deserialize(json, HostSettingsJson.Default.HostFile)?.Extensions;
        var settings = new HostSettings();
        return settings with
        {
            RoutePrefix = extensions?.Http?.RoutePrefix ?? settings.RoutePrefix,
            Queues = extensions?.Queues ?? settings.Queues,
            Blobs = extensions?.Blobs ?? settings.Blobs,
        };
    }
}

/// <summary>Section <c>extensions.queues</c>. Setters, because generated readers overwrite the defaults of init-only properties.</summary>
internal sealed record QueueSettings
{
    /// <summary>Messages received at a time, 1 to 32. Default 16.</summary>
    public int BatchSize { get; set; } = 16;

    /// <summary>New messages are received when at most this many are in work. Default 8.</summary>
    public int NewBatchThreshold { get; set; } = 8;

    /// <summary>Deliveries before a message is poison. Default 5.</summary>
    public int MaxDequeueCount { get; set; } = 5;

    /// <summary>How long a message rests after a failure. Default none.</summary>
    public TimeSpan VisibilityTimeout { get; set; }

    /// <summary>Longest pause between two looks at an empty queue. Default 1 minute.</summary>
    public TimeSpan MaxPollingInterval { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Section <c>extensions.blobs</c>. Setters for the same reason.</summary>
internal sealed record BlobSettings
{
    /// <summary>Blobs handled at a time. Default 8.</summary>
    public int MaxDegreeOfParallelism { get; set; } = 8;

    /// <summary>Failures before a blob is poison. Default 5.</summary>
    public int PoisonBlobThreshold { get; set; } = 5;
}

internal sealed record HostFile(HostFileExtensions? Extensions);

internal sealed record HostFileExtensions(HostFileHttp? Http, QueueSettings? Queues, BlobSettings? Blobs);

internal sealed record HostFileHttp(string? RoutePrefix);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(HostFile))]
internal sealed partial class HostSettingsJson : JsonSerializerContext;
