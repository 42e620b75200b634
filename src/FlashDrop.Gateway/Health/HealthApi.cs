using System.Text.Json.Serialization;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Health;

/// <summary>The health checks; they need no key. Safe for concurrent use.</summary>
public sealed class HealthApi
{
    private readonly RequestPipeline _pipeline;
    private readonly IHealthProbe[] _probes;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;
    private readonly ILogger<HealthApi> _logger;
    private readonly Lock _gate = new();
    private Task<HealthView>? _last;
    private DateTimeOffset _lastStarted;

    internal HealthApi(
        RequestPipeline pipeline,
        IEnumerable<IHealthProbe> probes,
        TimeProvider time,
        IOptions<GatewayOptions> options,
        ILogger<HealthApi> logger)
    {
        _pipeline = pipeline;
        _probes = [.. probes];
        _time = time;
        _options = options.Value;
        _logger = logger;
    }

    /// <summary><c>GET</c> <see cref="Routes.HealthLive"/>: 200 while the process runs.</summary>
    public Task<IResult> LiveAsync(HttpRequest request) => _pipeline.RunAnonymousAsync(
        request, _ => Task.FromResult<IResult>(new JsonResponse<HealthView>(new HealthView("live", []), HealthJsonContext.Default.HealthView)));

    /// <summary><c>GET</c> <see cref="Routes.HealthReady"/>: 200 when every probe answers in time, else 503.</summary>
    public Task<IResult> ReadyAsync(HttpRequest request) => _pipeline.RunAnonymousAsync(request, async cancellationToken =>
    {
        var view = await CurrentAsync().WaitAsync(cancellationToken);
        var status = view.Status is HealthView.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return new JsonResponse<HealthView>(view, HealthJsonContext.Default.HealthView, status);
    });

    // Anybody may ask, so one round of checks serves all who ask within a while.
    private Task<HealthView> CurrentAsync()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (_last is null || (_last.IsCompleted && now - _lastStarted >= _options.HealthReuse))
            {
                (_last, _lastStarted) = (CheckAllAsync(), now);
            }

            return _last;
        }
    }

    private async Task<HealthView> CheckAllAsync()
    {
        var checks = await Task.WhenAll(_probes.Select(CheckAsync));
        return new HealthView(checks.All(check => check.Status is HealthCheckView.Ok) ? HealthView.Ready : HealthView.NotReady, checks);
    }

    private async Task<HealthCheckView> CheckAsync(IHealthProbe probe)
    {
        using var timeout = new CancellationTokenSource(_options.HealthTimeout, _time);
        try
        {
            // The wait ends by itself even if the probe ignores its token; off this thread, which holds the gate.
            await Task.Run(() => probe.CheckAsync(timeout.Token), CancellationToken.None).WaitAsync(timeout.Token);
            return new HealthCheckView(probe.Name, HealthCheckView.Ok);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            Log.ProbeFailed(_logger, exception: null, probe.Name, HealthCheckView.TimedOut);
            return new HealthCheckView(probe.Name, HealthCheckView.TimedOut);
        }
        catch (Exception exception)
        {
            Log.ProbeFailed(_logger, exception, probe.Name, HealthCheckView.Failed);
            return new HealthCheckView(probe.Name, HealthCheckView.Failed);
        }
    }
}

/// <summary>The answer of a health check.</summary>
internal sealed record HealthView(string Status, IReadOnlyList<HealthCheckView> Checks)
{
    public const string Ready = "ready";
    public const string NotReady = "not-ready";
}

/// <summary>One probe's outcome; why it failed is in the log.</summary>
internal sealed record HealthCheckView(string Name, string Status)
{
    public const string Ok = "ok";
    public const string Failed = "failed";
    public const string TimedOut = "timed-out";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HealthView))]
internal sealed partial class HealthJsonContext : JsonSerializerContext;
