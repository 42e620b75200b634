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
    private static readonly ActivitySource Source = new(DropInTelemetry.Name);
    private static readonly Meter Meter = new(DropInTelemetry.Name);
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.server.request.duration", "s");
    private static readonly Histogram<double> TimeToFirstToken = Meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s");
    private static readonly Histogram<long> Tokens = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}");

    // Under the names the jobs report theirs, so that one sum is the whole spend.
    private static readonly Counter<double> Cost = Meter.CreateCounter<double>(TelemetryNames.Cost, "USD", "Cost of answers");
    private static readonly Counter<long> Unpriced = Meter.CreateCounter<long>(TelemetryNames.Unpriced, "{answer}", "Answers of unknown cost");

    public static Activity? Start(string model)
    {
        var activity = Source.StartActivity($"chat {model}", ActivityKind.Client);
        activity?.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", "gcp.gemini").SetTag("gen_ai.request.model", model);
        return activity;
    }

    public static void FirstToken(TimeSpan elapsed, string model, bool streams)
    {
        if (streams)
        {
            TimeToFirstToken.Record(elapsed.TotalSeconds, Tags(model));
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

    public static void Finished(Activity? activity, TimeSpan elapsed, string model, Tier tier, AnswerScan? scan, DropInError? error)
    {
        var tags = Tags(model);
        tags.Add("flashdrop.tier", tier.ToString());
        if (error is not null)
        {
            tags.Add("error.type", error.Code);
            activity?.SetStatus(ActivityStatusCode.Error, error.Code).SetTag("error.type", error.Code);
        }

        Duration.Record(elapsed.TotalSeconds, tags);
        activity?.SetTag("flashdrop.tier", tier.ToString()).SetTag("gen_ai.response.model", scan?.ModelVersion).SetTag("gen_ai.response.id", scan?.ResponseId);
        if (scan?.Usage is not { } usage)
        {
            return;
        }

        activity?.SetTag("gen_ai.usage.input_tokens", usage.PromptTokens).SetTag("gen_ai.usage.output_tokens", usage.OutputTokens);
        Tokens.Record(usage.PromptTokens, [.. Tags(model), new("gen_ai.token.type", "input")]);
        Tokens.Record(usage.OutputTokens, [.. Tags(model), new("gen_ai.token.type", "output")]);
    }

    private static TagList Tags(string model) => new()
    {
        { "gen_ai.operation.name", "chat" },
        { "gen_ai.provider.name", "gcp.gemini" },
        { "gen_ai.request.model", model },
    };
}

/// <summary>What exporters subscribe to.</summary>
public static class DropInTelemetry
{
    /// <summary>Name of the activity source and of the meter: time to first token, duration and token counts of the drop-in endpoints.</summary>
    public const string Name = "FlashDrop.Gateway";
}
