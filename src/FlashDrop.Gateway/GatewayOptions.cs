using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway;

/// <summary>Settings of the HTTP face, section <see cref="Section"/>. Checked at start; every mistake is reported at once.</summary>
public sealed class GatewayOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "FlashDrop:Gateway";

    /// <summary>
    /// Largest request body in bytes, 1 KiB to 100 MiB. Default 25 MiB. A larger one is answered 413, unread when it states its length.
    /// The server's own limit has to be at least as large.
    /// </summary>
    public long MaxRequestBytes { get; set; } = 25L * 1024 * 1024;

    /// <summary>Deepest nesting of a JSON body, 8 to 128. Default 64.</summary>
    public int MaxJsonDepth { get; set; } = 64;

    /// <summary>Longest time <c>Prefer: wait</c> may hold a request, 1 s to 200 s. Default 60 s.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>First pause between two looks at a job somebody waits for, 50 ms to 10 s; later ones grow to four times it. Default 500 ms.</summary>
    public TimeSpan WaitInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What <c>Retry-After</c> says at least while a job runs, 1 s to 60 s, where the job's own schedule is the guide. Default 2 s.</summary>
    public TimeSpan MinRetryAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Ports a <c>url</c> input may name. Empty (the default) allows 443 only.</summary>
    public IList<int> AllowedUrlPorts { get; init; } = [];

    /// <summary>
    /// Whether a <c>url</c> input may be <c>http</c> or <c>https</c> on this machine's loopback, on any port: for local development only. Default false.
    /// </summary>
    public bool AllowLoopbackUrls { get; set; }

    /// <summary>
    /// Whether the hosts of <c>url</c> inputs are looked up when a request is accepted, and refused when an address of theirs is not public. Default
    /// true. For deployments whose resolver gives other answers than the internet's.
    /// </summary>
    public bool ResolveInputHosts { get; set; } = true;

    /// <summary>How long a signed upload URL works, 1 minute to 24 hours. Default 15 minutes.</summary>
    public TimeSpan UploadLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long one readiness check may take, 100 ms to 30 s. Default 3 s.</summary>
    public TimeSpan HealthTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a readiness answer is reused, 0 to 60 s, since anybody may ask. Default 5 s.</summary>
    public TimeSpan HealthReuse { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How old what an instance knows of the callers' table may be, 1 s to 10 min: by then a new, changed, rotated or disabled caller is known
    /// everywhere. Default 30 s. While the table cannot be read, what was known last goes on.
    /// </summary>
    public TimeSpan CallersAge { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Reports every setting outside its range, with its value.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        List<string> failures = [];
        Check(nameof(options.MaxRequestBytes), options.MaxRequestBytes, 1024, 100L * 1024 * 1024);
        Check(nameof(options.MaxJsonDepth), options.MaxJsonDepth, 8, 128);
        Check(nameof(options.MaxWait), options.MaxWait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(200));
        Check(nameof(options.WaitInterval), options.WaitInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(10));
        Check(nameof(options.MinRetryAfter), options.MinRetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Check(nameof(options.UploadLifetime), options.UploadLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromHours(24));
        Check(nameof(options.HealthTimeout), options.HealthTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
        Check(nameof(options.HealthReuse), options.HealthReuse, TimeSpan.Zero, TimeSpan.FromSeconds(60));
        Check(nameof(options.CallersAge), options.CallersAge, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        foreach (var port in options.AllowedUrlPorts)
        {
            Check(nameof(options.AllowedUrlPorts), port, 1, 65_535);
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check<T>(string setting, T value, T min, T max)
            where T : IComparable<T>
        {
            if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
            {
                failures.Add($"{GatewayOptions.Section}:{setting} is {value}: set it between {min} and {max}.");
            }
        }
    }
}
