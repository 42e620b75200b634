using System.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.Metering;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>What a request may take at most.</summary>
/// <param name="Prompt">Tokens of the prompt, estimated with caution.</param>
/// <param name="Output">Tokens of the answer, as capped.</param>
internal readonly record struct TokenCap(long Prompt, long Output);

/// <summary>A generation to relay.</summary>
internal sealed record RelayPlan
{
    public required string Model { get; init; }

    public required IReadOnlyList<Tier> Tiers { get; init; }

    /// <summary>Whether the answer comes in chunks; known once all of the request has been read.</summary>
    public required Func<bool> Streams { get; init; }

    /// <summary>Makes what writes the answer, once it begins.</summary>
    public required Func<IAnswerWriter> Writer { get; init; }

    /// <summary>What to send to a tier; its content calls the action when all of it has been sent.</summary>
    public required Func<Tier, Action, RelayRequest> RequestTo { get; init; }

    /// <summary>What the request may take, once all of it has been read.</summary>
    public required Func<TokenCap> Estimate { get; init; }

    /// <summary>What the upstream would fetch, once all of the request has been read.</summary>
    public required InputUrls Urls { get; init; }

    /// <summary>The request's memory, not needed any more once the answer begins.</summary>
    public required IDisposable Body { get; init; }
}

/// <summary>Takes one generation from its admission to its usage row. Safe for concurrent use.</summary>
internal sealed class DropInRelay(
    Forwarder forwarder,
    InputHosts hosts,
    Admission admission,
    UsageMeter meter,
    IPriceBook prices,
    IOptions<RelayOptions> options,
    TimeProvider time,
    ILogger<DropInRelay> logger)
{
    /// <summary>Most bytes of events that go together.</summary>
    private const int FlushBytes = 16 * 1024;

    private static readonly TimeSpan BreakPause = TimeSpan.FromMilliseconds(300);

    private readonly TimeSpan _total = options.Value.TotalTimeout;

    /// <summary>Relays a request that has been read.</summary>
    public async Task RunAsync(DropInCall call, RelayPlan plan)
    {
        var (lease, refusal) = await AdmitAsync(call, plan);
        if (lease is null)
        {
            await call.RefuseAsync(refusal!);
            return;
        }

        using (lease)
        using (var patience = new Patience(time, _total, call.Left))
        {
            await RelayAsync(call, plan, lease, () => Send(plan, patience));
        }
    }

    /// <summary>
    /// Relays a request while it arrives. The upstream gets its end, without which it cannot act, once all of it has been read, checked and admitted.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="body">The request.</param>
    /// <param name="begin">What to send while it arrives, asked when there is something to send; null to wait until it is whole.</param>
    /// <param name="finish">
    /// What is wrong with the request, now that it is whole, or else what to send: what was begun, or, given null, because nothing was or in vain, anew.
    /// </param>
    public async Task RunArrivingAsync(
        DropInCall call, ArrivingBody body, Func<RelayPlan?> begin, Func<RelayPlan?, (RelayPlan? Plan, DropInError? Error)> finish)
    {
        using var early = CancellationTokenSource.CreateLinkedTokenSource(call.Left, body.Withdrawn);
        using var patience = new Patience(time, Timeout.InfiniteTimeSpan, early.Token);
        var reading = body.ReadAsync(call.Left);
        await Task.WhenAny(reading, body.Begun);
        var begun = reading.IsCompleted ? null : begin();
        var sending = begun is null ? null : Send(begun, patience);
        RelayPlan? plan = null;
        LimitLease? lease = null;
        DropInError? refusal;
        try
        {
            refusal = await reading;
            if (body.Withdrawn.IsCancellationRequested)
            {
                await EndedAsync(sending);
                (begun, sending) = (null, null);
            }

            if (refusal is null)
            {
                (plan, refusal) = finish(begun);
            }

            if (plan is not null)
            {
                (lease, refusal) = await AdmitAsync(call, plan);
            }
        }
        finally
        {
            if (lease is null)
            {
                // The tries under way never get the end of their request: there is no answer to them. They are cancelled, which is no failure of the route.
                await early.CancelAsync();
                await EndedAsync(sending);
            }
        }

        if (lease is null)
        {
            await call.RefuseAsync(refusal!);
            return;
        }

        using (lease)
        {
            if (sending is not null)
            {
                patience.Within(_total);
                body.Release();
                await RelayAsync(call, plan!, lease, () => sending);
                return;
            }

            using var whole = new Patience(time, _total, call.Left);
            body.Release();
            await RelayAsync(call, plan!, lease, () => Send(plan!, whole));
        }
    }

    private static async Task EndedAsync(Task? sending) => await (sending ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Checks what the upstream would fetch, then the caller's limits.</summary>
    private async ValueTask<(LimitLease? Lease, DropInError? Refusal)> AdmitAsync(DropInCall call, RelayPlan plan)
    {
        if (await hosts.CheckAsync(plan.Urls, call.Left) is { } forbidden)
        {
            return (null, DropInError.Of(Problem.InvalidRequest([forbidden])));
        }

        var (lease, refusal) = await admission.EnterAsync(call.Caller, Reserve(plan), call.Left);
        return (lease, refusal is null ? null : DropInError.Of(refusal));
    }

    private Task<RelayOutcome> Send(RelayPlan plan, Patience patience) => forwarder.SendAsync(new RelayCall(plan.Tiers, plan.Streams, plan.RequestTo), patience);

    private async Task RelayAsync(DropInCall call, RelayPlan plan, LimitLease lease, Func<Task<RelayOutcome>> send)
    {
        var start = time.GetTimestamp();
        using var activity = Telemetry.Start(call.Format, plan.Model);
        RelayOutcome outcome;
        try
        {
            outcome = await send();
        }
        catch (OperationCanceledException) when (call.Left.IsCancellationRequested)
        {
            // It may have been charged for; how much nobody can say.
            Meter(call, plan.Tiers[0], scan: null, lease);
            throw;
        }

        plan.Body.Dispose();
        var error = outcome.Error is { } failure ? DropInError.Of(failure) : null;
        if (outcome.Live is not null)
        {
            Telemetry.FirstToken(call.Format, time.GetElapsedTime(start), plan.Model);
        }

        try
        {
            if (error is null)
            {
                call.Response.Headers[ModelCatalog.TierHeader] = outcome.Tier.ToString().ToLowerInvariant();
                error = outcome.Live is { } live ? await StreamAsync(call, plan.Writer(), live) : await WholeAsync(call, plan.Writer(), outcome);
            }
            else
            {
                await call.RefuseAsync(error);
            }
        }
        finally
        {
            if (outcome.Scan is { } scan)
            {
                Meter(call, outcome.Tier, scan, lease);
            }

            Finish(call, plan, outcome, error, time.GetElapsedTime(start), activity);
        }
    }

    private Reservation Reserve(RelayPlan plan)
    {
        var cap = plan.Estimate();
        var usage = new TokenUsage { PromptTokens = cap.Prompt, CandidatesTokens = cap.Output };
        var now = time.GetUtcNow();
        return new Reservation(cap.Prompt, plan.Tiers.Max(tier => prices.Price(tier, null, usage, now).CostUsd ?? 0));
    }

    private static async Task<DropInError?> WholeAsync(DropInCall call, IAnswerWriter writer, RelayOutcome outcome)
    {
        using var answer = outcome.Whole!;
        var bytes = writer.Whole(answer.Bytes, outcome.Scan!);
        call.Response.ContentType = "application/json; charset=utf-8";
        call.Response.ContentLength = bytes.Length;
        await call.Response.Body.WriteAsync(bytes, call.Left);
        return null;
    }

    private async Task<DropInError?> StreamAsync(DropInCall call, IAnswerWriter writer, LiveStream live)
    {
        await using (live)
        {
            call.Response.ContentType = writer.StreamType;
            call.Context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            var output = new StreamOutput(call.Response.BodyWriter, writer);
            while (true)
            {
                // No event waits for the next one: what has come goes out before there is waiting. Events that come together go together.
                var next = live.TryNext();
                if (next is null || output.Unflushed >= FlushBytes)
                {
                    await output.FlushAsync(call.Left);
                }

                switch (next ?? await live.NextAsync())
                {
                    case LiveStep.Chunk:
                        output.Write(live.Current, live.Scan);
                        break;
                    case LiveStep.End:
                        await output.EndAsync(call.Left);
                        return null;
                    default:
                        var error = DropInError.Of(live.Error!);
                        await output.FlushAsync(call.Left);
                        if (writer is NativeEvents)
                        {
                            // Google's client knows a bare error only when it is read by itself.
                            await Task.Delay(BreakPause, time, call.Left);
                        }

                        await output.BreakAsync(error, call.Left);
                        return error;
                }

                call.Left.ThrowIfCancellationRequested();
            }
        }
    }

    private void Meter(DropInCall call, Tier tier, AnswerScan? scan, LimitLease lease)
    {
        var now = time.GetUtcNow();
        var usage = scan?.Usage;
        var price = prices.Price(tier, scan?.ModelVersion, usage, now);
        lease.Settle(usage is null ? null : usage.PromptTokens + usage.OutputTokens + usage.ToolUsePromptTokens, price.CostUsd);
        var record = new UsageRecord
        {
            Id = scan?.ResponseId ?? call.Id.ToString(),
            JobId = call.Id,
            Origin = JobOrigin.Gateway,
            Caller = call.Caller.Name,
            Profile = call.Format == WireFormat.Native ? "gemini" : "openai",
            Tier = tier,
            ModelVersion = scan?.ModelVersion,
            At = now,
            Usage = usage,
            CostUsd = price.CostUsd,
            ListUsd = price.ListUsd,
            ForeignModel = price.ForeignModel,
            Unpriced = price.Unpriced,
            PriceRow = price.PriceRow,
        };
        Telemetry.Used(record);
        meter.Record(record);
    }

    private void Finish(DropInCall call, RelayPlan plan, RelayOutcome outcome, DropInError? error, TimeSpan duration, Activity? activity)
    {
        Telemetry.Finished(call.Format, activity, duration, plan.Model, outcome.Tier, outcome.Scan, error);
        if (error is null)
        {
            DropInLog.Answered(logger, call.Id.ToString(), call.Caller.Name, plan.Model, outcome.Tier, outcome.Scan?.IsWhole ?? false);
        }
        else
        {
            DropInLog.Failed(logger, call.Id.ToString(), call.Caller.Name, error.Code);
        }
    }
}
