using System.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.Metering;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.DropIn;

/// <summary>A generation to relay.</summary>
internal sealed record RelayPlan
{
    public required string Model { get; init; }

    public required IReadOnlyList<Tier> Tiers { get; init; }

    public required bool Streams { get; init; }

    public required Func<Tier, RelayRequest> RequestTo { get; init; }

    public required IAnswerWriter Writer { get; init; }

    public required long PromptEstimate { get; init; }

    public required long MaxOutputTokens { get; init; }
}

/// <summary>Takes one generation from its admission to its usage row. Safe for concurrent use.</summary>
internal sealed class DropInRelay(
    Forwarder forwarder, Admission admission, UsageMeter meter, IPriceBook prices, TimeProvider time, ILogger<DropInRelay> logger)
{
    private static readonly TimeSpan BreakPause = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(DropInCall call, RelayPlan plan)
    {
        var (lease, refusal) = await admission.EnterAsync(call.Caller, Reserve(plan), call.Left);
        if (lease is null)
        {
            await call.RefuseAsync(DropInError.Of(refusal!));
            return;
        }

        using (lease)
        {
            var start = time.GetTimestamp();
            using var activity = Telemetry.Start(plan.Model);
            RelayOutcome outcome;
            try
            {
                outcome = await forwarder.SendAsync(new RelayCall(plan.Tiers, plan.Streams, plan.RequestTo), call.Left);
            }
            catch (OperationCanceledException) when (call.Left.IsCancellationRequested)
            {
                // It may have been charged for; how much nobody can say.
                Meter(call, plan.Tiers[0], scan: null, lease);
                throw;
            }

            var error = outcome.Error is { } failure ? DropInError.Of(failure) : null;
            Telemetry.FirstToken(time.GetElapsedTime(start), plan.Model, plan.Streams && error is null);
            try
            {
                if (error is null)
                {
                    call.Response.Headers[ModelCatalog.TierHeader] = outcome.Tier.ToString().ToLowerInvariant();
                    error = outcome.Live is { } live ? await StreamAsync(call, plan, live) : await WholeAsync(call, plan, outcome);
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
    }

    private Reservation Reserve(RelayPlan plan)
    {
        var usage = new TokenUsage { PromptTokens = plan.PromptEstimate, CandidatesTokens = plan.MaxOutputTokens };
        var now = time.GetUtcNow();
        return new Reservation(plan.PromptEstimate, plan.Tiers.Max(tier => prices.Price(tier, null, usage, now).CostUsd ?? 0));
    }

    private static async Task<DropInError?> WholeAsync(DropInCall call, RelayPlan plan, RelayOutcome outcome)
    {
        using var answer = outcome.Whole!;
        var bytes = plan.Writer.Whole(answer.Bytes, outcome.Scan!);
        call.Response.ContentType = "application/json; charset=utf-8";
        call.Response.ContentLength = bytes.Length;
        await call.Response.Body.WriteAsync(bytes, call.Left);
        return null;
    }

    private async Task<DropInError?> StreamAsync(DropInCall call, RelayPlan plan, LiveStream live)
    {
        await using (live)
        {
            call.Response.ContentType = plan.Writer.StreamType;
            call.Context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            var output = call.Response.BodyWriter;
            while (true)
            {
                switch (await live.NextAsync())
                {
                    case LiveStep.Chunk:
                        if (plan.Writer.Chunk(output, live.Current, live.Scan))
                        {
                            await output.FlushAsync(call.Left);
                        }

                        break;
                    case LiveStep.End:
                        plan.Writer.End(output);
                        await output.FlushAsync(call.Left);
                        return null;
                    default:
                        var error = DropInError.Of(live.Error!);
                        if (plan.Writer is NativeEvents)
                        {
                            // Google's client knows a bare error only when it is read by itself.
                            await Task.Delay(BreakPause, time, call.Left);
                        }

                        plan.Writer.Break(output, error);
                        await output.FlushAsync(call.Left);
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
        meter.Record(new UsageRecord
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
        });
    }

    private void Finish(DropInCall call, RelayPlan plan, RelayOutcome outcome, DropInError? error, TimeSpan duration, Activity? activity)
    {
        Telemetry.Finished(activity, duration, plan.Model, outcome.Tier, outcome.Scan, error);
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
