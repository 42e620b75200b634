using System.ComponentModel.DataAnnotations;

namespace FlashDrop.EvoLink;

/// <summary>Where the upstream is and how to talk to it. Section <c>FlashDrop:Upstream</c>.</summary>
public sealed class UpstreamOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Upstream";

    /// <summary>Base URL for generation. A path in it is kept. Default <c>https://direct.evolink.ai</c>.</summary>
    public Uri GenerateBaseUrl { get; set; } = new("https://direct.evolink.ai");

    /// <summary>Base URL for tasks, models and credits. Default <c>https://api.evolink.ai</c>.</summary>
    public Uri TasksBaseUrl { get; set; } = new("https://api.evolink.ai");

    /// <summary>Model id per tier. Defaults: standard <c>gemini-2.5-flash</c>, beta <c>gemini-2.5-flash-beta</c>.</summary>
    public Dictionary<Tier, string> Models { get; set; } = new()
    {
        [Tier.Standard] = "gemini-2.5-flash",
        [Tier.Beta] = "gemini-2.5-flash-beta",
    };

    /// <summary>Whether submits ask for a task with <c>X-Async-Mode: true</c>. Default true; off, every submit is a plain call.</summary>
    public bool AsyncMode { get; set; } = true;

    /// <summary>Product token sent as <c>User-Agent</c>; library defaults are blocked upstream. Default <c>FlashDrop/1.0</c>.</summary>
    [Required]
    public string UserAgent { get; set; } = "FlashDrop/1.0";

    /// <summary>
    /// Largest sum of media bytes, before base64, sent inline in one request; larger media goes as a signed URL. Default 14 MiB
    /// (about 20 MB of base64), range 0 to 75 MiB.
    /// </summary>
    [Range(0L, 75L * 1024 * 1024)]
    public long MaxInlineBytes { get; set; } = 14 * 1024 * 1024;

    /// <summary>Largest answer read into memory, in bytes. Default 32 MiB, range 64 KiB to 1 GiB.</summary>
    [Range(64L * 1024, 1024L * 1024 * 1024)]
    public long MaxResponseBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Largest single frame of a stream, in bytes; at most <see cref="MaxResponseBytes"/>. Default 8 MiB, range 64 KiB to 1 GiB.</summary>
    [Range(64L * 1024, 1024L * 1024 * 1024)]
    public long MaxFrameBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Largest document fetched from a link in a task's result, in bytes. Default 8 MiB, range 1 KiB to 256 MiB.</summary>
    [Range(1024L, 256L * 1024 * 1024)]
    public long MaxLinkedResultBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Whether result links may point to this machine (<c>localhost</c>, <c>127.0.0.1</c>, <c>[::1]</c>), over plain http too: for
    /// development against a local stand-in, never in production. Default false.
    /// </summary>
    public bool AllowLoopbackLinks { get; set; }

    /// <summary>Longest wait a server hint (<c>Retry-After</c>, <c>retryDelay</c>) can ask for. Default 5 minutes, range 1 second to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromMinutes(5);
}
