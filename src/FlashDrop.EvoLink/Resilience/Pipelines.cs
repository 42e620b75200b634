using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using FlashDrop.EvoLink.Errors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Registry;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace FlashDrop.EvoLink.Resilience;

/// <summary>The kinds of calls, each with its own timeouts and retry rule.</summary>
internal enum Operation
{
    Submit,
    Generate,
    Stream,
    ReadTask,

    /// <summary>Not a call: the circuit breaker the calls of one host and tier share.</summary>
    Breaker,
}

/// <summary>Whom a call is for: breakers and limits are kept apart by it.</summary>
/// <param name="Host">Host and port.</param>
/// <param name="Tier">The tier; null for reads.</param>
internal readonly record struct Route(string Host, Tier? Tier);

/// <summary>
/// The resilience pipelines. From the outside in: total timeout, retry, concurrency limit, circuit breaker, attempt timeout; a permit
/// is not held while a retry waits.
/// </summary>
internal sealed class Pipelines : IDisposable
{
    private readonly UpstreamResilienceOptions _options;
    private readonly TimeProvider _time;
    private readonly ResiliencePipelineRegistry<(Operation Operation, Route Route)> _registry;
    private readonly ConcurrentDictionary<Route, ConcurrencyLimiter> _limiters = new();

    public Pipelines(IOptions<UpstreamResilienceOptions> options, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options.Value;
        _time = time;
        _registry = new ResiliencePipelineRegistry<(Operation, Route)>(new ResiliencePipelineRegistryOptions<(Operation, Route)>
        {
            BuilderFactory = () =>
            {
                var builder = new ResiliencePipelineBuilder { TimeProvider = time };

                // Results are formatted by their code only: an answer has no business in a log.
                builder.ConfigureTelemetry(new TelemetryOptions { LoggerFactory = loggers, ResultFormatter = static (_, result) => (result as Call)?.ToString() });
                return builder;
            },
            BuilderNameFormatter = static key => $"FlashDrop.EvoLink.{key.Item1}",
            InstanceNameFormatter = static key => $"{key.Item2.Host}/{key.Item2.Tier}",
        });
    }

    /// <summary>Runs a call through the pipeline of its kind and route. Every failure is a value; only the caller's cancellation throws.</summary>
    public async Task<Call<T>> RunAsync<T>(
        Operation operation, Route route, Func<CancellationToken, Task<Call<T>>> attempt, CancellationToken cancellationToken)
        where T : class
    {
        Call<T>? last = null;
        try
        {
            return await Get(operation, route).ExecuteAsync(
                async token => last = await attempt(token),
                cancellationToken);
        }
        catch (BrokenCircuitException exception)
        {
            return Call<T>.Failure(
                Local("circuit_open", $"{route.Host} failed too often and is left alone for a while.") with { RetryAfter = exception.RetryAfter },
                Fate.Unreached);
        }
        catch (RateLimiterRejectedException)
        {
            return Call<T>.Failure(TooManyCalls(route), Fate.Unreached);
        }
        catch (TimeoutRejectedException)
        {
            // Time ran out between tries: the last failure says more than "timeout".
            return last is { Error: not null } ? last : Call<T>.Failure(Timeout("The call had no turn in time."), Fate.Unreached);
        }
    }

    /// <summary>Takes a permit that outlives the call, for a stream; null when there is none to be had in time.</summary>
    public async Task<RateLimitLease?> AcquireAsync(Route route, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.Stream.TotalTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var lease = await Limiter(route).AcquireAsync(1, linked.Token);
            if (lease.IsAcquired)
            {
                return lease;
            }

            lease.Dispose();
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The wait was too long: refused like a full queue.
            return null;
        }
    }

    public void Dispose()
    {
        _registry.Dispose();
        foreach (var limiter in _limiters.Values)
        {
            limiter.Dispose();
        }
    }

    public static UpstreamError TooManyCalls(Route route) =>
        Local("concurrency_limited", $"Too many calls to {route.Host} are under way or waiting.");

    public static UpstreamError Timeout(string message) => Local("timeout", message);

    private static UpstreamError Local(string code, string message) => new() { Kind = ErrorKind.Retry, Code = code, Message = message };

    private static bool IsWorthRetrying(Operation operation, Call call) => operation switch
    {
        Operation.Submit => call.MayRepeatSubmit,
        Operation.ReadTask => call.MayRepeatRead,
        _ => call.MayRepeatGeneration,
    };

    private ResiliencePipeline Get(Operation operation, Route route) =>
        _registry.GetOrAddPipeline((operation, route), builder => Build(builder, operation, route));

    private void Build(ResiliencePipelineBuilder builder, Operation operation, Route route)
    {
        var options = operation switch
        {
            Operation.Submit => _options.Submit,
            Operation.Generate => _options.Generate,
            Operation.Stream => _options.Stream,
            _ => _options.ReadTask,
        };
        builder.AddTimeout(options.TotalTimeout);
        if (options.Retries > 0)
        {
            builder.AddRetry(Retry(operation, options));
        }

        if (operation != Operation.Stream)
        {
            // A stream holds its permit until it ends, so it takes it outside.
            var limiter = Limiter(route);
            builder.AddRateLimiter(new RateLimiterStrategyOptions { RateLimiter = args => limiter.AcquireAsync(1, args.Context.CancellationToken) });
        }

        builder.AddPipeline(Breaker(route));
        builder.AddTimeout(options.AttemptTimeout);
    }

    private static RetryStrategyOptions Retry(Operation operation, OperationOptions options)
    {
        var retry = new RetryStrategyOptions
        {
            MaxRetryAttempts = options.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.BaseDelay,
            MaxDelay = options.MaxDelay,
            ShouldHandle = args => ValueTask.FromResult(
                args.Outcome.Result is Call { Error: { } error } call
                && IsWorthRetrying(operation, call)
                && (error.RetryAfter is not { } wait || wait <= options.MaxDelay)),
        };

        // The server's wait is a lower bound; the jitter on top keeps callers from coming back in step.
        retry.DelayGenerator = args => ValueTask.FromResult(
            args.Outcome.Result is Call { Error.RetryAfter: { } wait } ? wait + (options.BaseDelay * (0.5 * retry.Randomizer())) : (TimeSpan?)null);
        return retry;
    }

    private ResiliencePipeline Breaker(Route route) => _registry.GetOrAddPipeline((Operation.Breaker, route), builder => builder.AddCircuitBreaker(
        new CircuitBreakerStrategyOptions
        {
            FailureRatio = _options.CircuitBreaker.FailureRatio,
            MinimumThroughput = _options.CircuitBreaker.MinimumThroughput,
            SamplingDuration = _options.CircuitBreaker.SamplingDuration,
            BreakDuration = _options.CircuitBreaker.BreakDuration,
            ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Result is Call { IsHostFailure: true }),
        }));

    private ConcurrencyLimiter Limiter(Route route) => _limiters.GetOrAdd(route, static (_, options) => new ConcurrencyLimiter(
        new ConcurrencyLimiterOptions
        {
            PermitLimit = options.Permits,
            QueueLimit = options.Queue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        }), _options.Concurrency);
}
