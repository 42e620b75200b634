using System.Buffers;
using System.Collections.Concurrent;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace FlashDrop.Gateway.DropIn;

/// <summary>A call to make.</summary>
/// <param name="Tiers">The tiers it may use, first choice first.</param>
/// <param name="Streams">Whether the answer comes in chunks; asked once the upstream has the whole request.</param>
/// <param name="RequestTo">What to send to a tier; its content says when all of it has been sent.</param>
internal sealed record RelayCall(IReadOnlyList<Tier> Tiers, Func<bool> Streams, Func<Tier, Action, RelayRequest> RequestTo);

/// <summary>What a call brought: a whole answer, a stream under way, or an error.</summary>
internal sealed record RelayOutcome(Tier Tier)
{
    public PooledBody? Whole { get; init; }

    public AnswerScan? Scan { get; init; }

    public LiveStream? Live { get; init; }

    public UpstreamError? Error { get; init; }

    public bool RouteFailed { get; init; }

    /// <summary>Whether another try on the same tier is worth it.</summary>
    public bool MayRepeat { get; init; }

    /// <summary>Names the outcome only: an answer has no business in a log.</summary>
    public override string ToString() => Error?.Code ?? "answered";
}

/// <summary>
/// Makes calls: retries on a tier, a circuit breaker per tier, then the policy's next tier. An answer is handed out once it is whole or its
/// first chunk is there; until then nothing has been sent to the caller and everything can be tried again. Safe for concurrent use.
/// </summary>
internal sealed class Forwarder(
    IUpstreamRelay relay, IOptions<RelayOptions> options, IOptions<UpstreamOptions> upstream, TimeProvider time, ILogger<Forwarder> logger)
{
    private readonly RelayOptions _options = options.Value;
    private readonly UpstreamOptions _upstream = upstream.Value;
    private readonly ConcurrentDictionary<Tier, ResiliencePipeline<RelayOutcome>> _pipelines = new();

    /// <summary>Makes a call. Failures are values; only the caller's cancellation throws.</summary>
    /// <param name="call">The call.</param>
    /// <param name="total">The time for all of it, until its answer begins.</param>
    public async Task<RelayOutcome> SendAsync(RelayCall call, Patience total)
    {
        var tries = 0;
        RelayOutcome? last = null;
        for (var i = 0; i < call.Tiers.Count; i++)
        {
            var (tier, isLast) = (call.Tiers[i], i == call.Tiers.Count - 1);
            try
            {
                last = await Pipeline(tier).ExecuteAsync(
                    async token =>
                    {
                        tries++;
                        last = await TryAsync(call, tier, isLast, total);
                        last = tries < _options.MaxTries ? last : last with { MayRepeat = false };
                        return last;
                    },
                    total.Token);
            }
            catch (BrokenCircuitException exception)
            {
                last = Failed(tier, new UpstreamError
                {
                    Kind = ErrorKind.Retry,
                    Code = "circuit_open",
                    Message = "The upstream failed too often lately and is left alone for a moment.",
                    RetryAfter = exception.RetryAfter ?? _options.BreakDuration,
                    Sent = false,
                }) with
                { RouteFailed = true };
            }
            catch (OperationCanceledException) when (!total.Caller.IsCancellationRequested)
            {
                // Time ran out between two tries: the last failure says more than "timeout".
                return last is { Error: not null } ? last : Failed(tier, Silence());
            }

            if (last.Error is not { } error || isLast || !IsWorthAnotherTier(error) || tries >= _options.MaxTries)
            {
                return last;
            }

            DropInLog.FallingBack(logger, tier, call.Tiers[i + 1], error.Code);
        }

        return last!;
    }

    private static bool IsWorthAnotherTier(UpstreamError error) => error.Kind == ErrorKind.Retry || error.ConcernsModel;

    private static RelayOutcome Failed(Tier tier, UpstreamError error) => new(tier) { Error = error };

    private static UpstreamError Silence() => new()
    {
        Kind = ErrorKind.Retry,
        Code = "timeout",
        Message = "The upstream did not begin to answer in time. Nothing says whether it still works on the request: ask again later, for less thinking, or as a stream.",
    };

    /// <summary>How long a tier may be silent once it has the whole request; the last one may think about a whole answer as long as the call has.</summary>
    private TimeSpan Silent(RelayCall call, bool isLast) =>
        !isLast ? _options.FirstTokenTimeout : call.Streams() ? _options.LastFirstTokenTimeout : _options.TotalTimeout;

    private async Task<RelayOutcome> TryAsync(RelayCall call, Tier tier, bool isLast, Patience total)
    {
        var caller = total.Caller;
        var patience = new Patience(time, total.Left, caller);
        using var ending = total.IsBounded ? default : patience.EndWith(total);
        RelayResponse? response = null;
        LiveStream? live = null;
        var kept = false;
        try
        {
            var attempt = await relay.SendAsync(call.RequestTo(tier, () => patience.Within(Silent(call, isLast), total)), patience.Token);
            if (attempt.Response is null)
            {
                return Judge(tier, attempt.Error!, attempt.RouteFailed, isLast);
            }

            response = attempt.Response;
            var body = await response.OpenAsync(patience.Token);
            if (!call.Streams())
            {
                return await ReadWholeAsync(tier, response, body, patience, total, isLast);
            }

            live = new LiveStream(response, body, _upstream.MaxFrameBytes, patience, _options);
            if (await live.OpenAsync() != LiveStep.Chunk)
            {
                return Judge(tier, live.Error!, RouteFailure(live.Error!), isLast);
            }

            kept = true;
            return new RelayOutcome(tier) { Live = live, Scan = live.Scan };
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            // It may still be at work, and charge: a silent tier is not asked twice.
            return Failed(tier, Silence()) with { RouteFailed = true };
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return Judge(
                tier, new UpstreamError { Kind = ErrorKind.Retry, Code = "truncated_stream", Message = "The connection broke in the middle of the answer." }, routeFailed: true, isLast);
        }
        finally
        {
            if (!kept)
            {
                await (live?.DisposeAsync() ?? ValueTask.CompletedTask);
                response?.Dispose();
                patience.Dispose();
            }
        }
    }

    private async Task<RelayOutcome> ReadWholeAsync(Tier tier, RelayResponse response, Stream body, Patience patience, Patience total, bool isLast)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await body.ReadAsync(buffer.AsMemory(length), patience.Token);
                if (read == 0)
                {
                    break;
                }

                length += read;
                patience.Within(_options.IdleTimeout, total);
                if (length > _upstream.MaxResponseBytes)
                {
                    return Failed(tier, new UpstreamError { Kind = ErrorKind.Stop, Code = "response_too_large", Message = "The answer is larger than this gateway takes." });
                }
            }

            var scan = new AnswerScan();
            switch (scan.Take(buffer.AsSpan(0, length)))
            {
                case PayloadKind.Chunk:
                    var whole = new PooledBody(buffer, length);
                    buffer = [];
                    return new RelayOutcome(tier) { Whole = whole, Scan = scan };
                case PayloadKind.Error:
                    var error = response.ReadError(buffer.AsSpan(0, length));
                    return Judge(tier, error, RouteFailure(error), isLast);
                default:
                    return Streamed(tier, buffer.AsSpan(0, length)) ?? Judge(
                        tier, new UpstreamError { Kind = ErrorKind.Retry, Code = "truncated_answer", Message = "The upstream's answer is cut or unreadable." }, routeFailed: true, isLast);
            }
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Some routes stream whatever was asked for: the events are merged.</summary>
    private RelayOutcome? Streamed(Tier tier, ReadOnlySpan<byte> body)
    {
        if (AnswerScan.Merge(body, _upstream.MaxFrameBytes) is not { } merged)
        {
            return null;
        }

        var scan = new AnswerScan();
        scan.Take(merged);
        var copy = ArrayPool<byte>.Shared.Rent(merged.Length);
        merged.CopyTo(copy, 0);
        return new RelayOutcome(tier) { Whole = new PooledBody(copy, merged.Length), Scan = scan };
    }

    private static bool RouteFailure(UpstreamError error) => error.Kind == ErrorKind.Retry && error.HttpStatus is null or >= 500;

    private RelayOutcome Judge(Tier tier, UpstreamError error, bool routeFailed, bool isLast) => new(tier)
    {
        Error = error,
        RouteFailed = routeFailed,
        MayRepeat = error.Kind == ErrorKind.Retry
            && (isLast || !error.ConcernsModel)
            && (error.RetryAfter is not { } wait || wait <= (isLast ? _options.MaxDelay : _options.MaxDelayBeforeFallback)),
    };

    private ResiliencePipeline<RelayOutcome> Pipeline(Tier tier) => _pipelines.GetOrAdd(tier, static (_, self) => self.Build(), this);

    private ResiliencePipeline<RelayOutcome> Build()
    {
        var builder = new ResiliencePipelineBuilder<RelayOutcome> { TimeProvider = time };
        if (_options.TriesPerTier > 1)
        {
            var retry = new RetryStrategyOptions<RelayOutcome>
            {
                MaxRetryAttempts = _options.TriesPerTier - 1,
                ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Result is { MayRepeat: true }),
            };

            // A wait the upstream asks for is a lower bound; ours doubles, a quarter more or less.
            retry.DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(
                args.Outcome.Result?.Error?.RetryAfter is { } wait
                    ? wait + (_options.BaseDelay * (0.5 * retry.Randomizer()))
                    : _options.BaseDelay * Math.Pow(2, args.AttemptNumber) * (0.75 + (0.5 * retry.Randomizer())));
            builder.AddRetry(retry);
        }

        return builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<RelayOutcome>
            {
                FailureRatio = _options.FailureRatio,
                MinimumThroughput = _options.MinimumThroughput,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = _options.BreakDuration,
                ShouldHandle = static args => ValueTask.FromResult(args.Outcome.Result is { RouteFailed: true }),
            })
            .Build();
    }
}
