using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Relay;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Spans and metrics of the drop-in endpoints, by OpenTelemetry's conventions for generative AI. Never content.</summary>
internal static class Telemetry
{
    private const string RequestModelTag = "gen_ai.request.model";

    private static readonly ActivitySource Source = new(DropInTelemetry.Name);
    private static readonly Meter Meter = new(DropInTelemetry.Name);

    /// <summary>Boundaries as the conventions advise, here and below.</summary>
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "gen_ai.server.request.duration", "s", "From the request to the end of its answer",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] });

    private static readonly Histogram<double> TimeToFirstToken = Meter.CreateHistogram(
        "gen_ai.server.time_to_first_token", "s", "From the request to the first chunk of a stream",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40] });

    private static readonly Histogram<long> Tokens = Meter.CreateHistogram(
        TelemetryNames.TokenUsage, "{token}", "Tokens used by an answer",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] });

    // Under the names the jobs report theirs, so that one sum is the whole spend.
    private static readonly Counter<double> Cost = Meter.CreateCounter<double>(TelemetryNames.Cost, "USD", "Cost of answers");
    private static readonly Counter<long> Unpriced = Meter.CreateCounter<long>(TelemetryNames.Unpriced, "{answer}", "Answers of unknown cost");

    public static Activity? Start(WireFormat format, string model)
    {
        var activity = Source.StartActivity($"{Operation(format)} {model}", ActivityKind.Client);
        activity?.SetTag(TelemetryNames.OperationTag, Operation(format)).SetTag(TelemetryNames.ProviderTag, TelemetryNames.Provider).SetTag(RequestModelTag, model);
        return activity;
    }

    public static void FirstToken(WireFormat format, TimeSpan elapsed, string model)
    {
        if (TimeToFirstToken.Enabled)
        {
            TimeToFirstToken.Record(elapsed.TotalSeconds, Tags(format, model, scan: null));
        }
    }

    /// <summary>An answer was metered.</summary>
    public static void Used(UsageRecord usage)
    {
        var tags = new TagList { { TelemetryNames.TierTag, usage.Tier.ToString() }, { TelemetryNames.ProfileTag, usage.Profile } };
        if (usage.CostUsd is { } cost)
        {
            Cost.Add((double)cost, tags);
        }
        else
        {
            Unpriced.Add(1, tags);
        }
    }

    public static void Finished(WireFormat format, Activity? activity, TimeSpan elapsed, string model, Tier tier, AnswerScan? scan, DropInError? error)
    {
        if (activity is null && !Duration.Enabled && !Tokens.Enabled)
        {
            return;
        }

        var tags = Tags(format, model, scan);
        tags.Add(TelemetryNames.TierTag, tier.ToString());
        if (error is not null)
        {
            tags.Add(TelemetryNames.ErrorTag, error.Code);
            activity?.SetStatus(ActivityStatusCode.Error, error.Code).SetTag(TelemetryNames.ErrorTag, error.Code);
        }

        Duration.Record(elapsed.TotalSeconds, tags);
        activity?.SetTag(TelemetryNames.TierTag, tier.ToString()).SetTag(TelemetryNames.ModelTag, scan?.ModelVersion).SetTag("gen_ai.response.id", scan?.ResponseId);
        if (scan?.FinishReason is { } reason)
        {
            activity?.SetTag("gen_ai.response.finish_reasons", new[] { reason });
        }

        if (scan?.Usage is not { } usage)
        {
            return;
        }

        activity?.SetTag("gen_ai.usage.input_tokens", usage.PromptTokens).SetTag("gen_ai.usage.output_tokens", usage.OutputTokens);
        Tokens.Record(usage.PromptTokens, [.. Tags(format, model, scan), new(TelemetryNames.TokenTypeTag, "input")]);
        Tokens.Record(usage.OutputTokens, [.. Tags(format, model, scan), new(TelemetryNames.TokenTypeTag, "output")]);
    }

    private static string Operation(WireFormat format) => format == WireFormat.Native ? "generate_content" : "chat";

    private static TagList Tags(WireFormat format, string model, AnswerScan? scan)
    {
        var tags = new TagList
        {
            { TelemetryNames.OperationTag, Operation(format) },
            { TelemetryNames.ProviderTag, TelemetryNames.Provider },
            { RequestModelTag, model },
        };
        if (scan?.ModelVersion is { } answering)
        {
            tags.Add(TelemetryNames.ModelTag, answering);
        }

        return tags;
    }
}

/// <summary>What exporters subscribe to.</summary>
public static class DropInTelemetry
{
    /// <summary>Name of the activity source and of the meter: time to first token, duration and token counts of the drop-in endpoints.</summary>
    public const string Name = "FlashDrop.Gateway";
}
