using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Core.Tests.Reports;

/// <summary>The default prices, and one model family without a price.</summary>
internal sealed class SamplePrices : IPriceBook
{
    public PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at)
    {
        if (modelVersion is not (null or "gemini-2.5-flash" or "gemini-2.5-flash-beta"))
        {
            return new PricedUsage { ForeignModel = true, Unpriced = true };
        }

        var (input, output, cache) = tier == Tier.Beta ? (0.078m, 0.650m, 0.008m) : (0.240m, 2.00m, 0.024m);
        return new PricedUsage
        {
            CostUsd = Cost(usage, input, output, cache),
            ListUsd = Cost(usage, 0.30m, 2.50m, 0.03m),
            PriceRow = $"{tier.ToString().ToLowerInvariant()}@2026-01-01",
        };
    }

    private static decimal? Cost(TokenUsage? usage, decimal input, decimal output, decimal cache) => usage is null
        ? null
        : (((usage.PromptTokens - usage.CachedTokens + usage.ToolUsePromptTokens) * input) + (usage.CachedTokens * cache) + (usage.OutputTokens * output)) / 1_000_000;
}

/// <summary>Days of work that look like real ones, the same on every run.</summary>
internal static class SampleDay
{
    private static readonly SamplePrices Prices = new();

    private static readonly (string Profile, string Caller, JobOrigin Origin, TierPolicy Policy, string? Media, int Weight)[] Work =
    [
        ("meeting-notes", "drop:meeting-notes", JobOrigin.Drop, TierPolicy.BetaThenStandard, "audio", 6),
        ("default", "drop:default", JobOrigin.Drop, TierPolicy.Standard, "document", 5),
        ("receipts", "mobile-app", JobOrigin.Api, TierPolicy.Beta, "image", 9),
        ("clip-review", "drop:clip-review", JobOrigin.Drop, TierPolicy.Standard, "video", 2),
        ("translate", "web-portal", JobOrigin.Api, TierPolicy.Standard, null, 4),
        ("gemini", "research-team", JobOrigin.Gateway, TierPolicy.Standard, "text", 3),
    ];

    private static readonly (string Code, string Message, string Remedy)[] Errors =
    [
        ("unsupported_type", "'scan<1>.tiff' is a TIFF image, which the model does not take.", "Convert it and drop it again. Supported: JPEG, PNG, WebP, PDF."),
        ("truncated", "The answer was cut off at the output limit, so it is not complete.", "Raise generationConfig.maxOutputTokens in the profile or request, lower the thinking budget, or ask for less."),
        ("refused", "The model refused the content (SAFETY).", "Change the content or the prompt; sending the same again will be refused again."),
    ];

    public static JobId Id(DateOnly day, TimeSpan at, int number)
    {
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, number);
        random[9] = (byte)number;
        return JobId.Create(new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) + at, random);
    }

    public static Job Job(DateOnly day, int number = 1, JobState state = JobState.Succeeded, TimeSpan? at = null, TimeSpan? took = null)
    {
        var id = Id(day, at ?? TimeSpan.FromHours(9), number);
        return new Job
        {
            Id = id,
            State = state,
            Origin = JobOrigin.Api,
            Caller = "web-portal",
            Profile = "default",
            TierPolicy = TierPolicy.Standard,
            ResultName = $"api/{id}",
            AcceptedAt = id.Time,
            DeadlineAt = id.Time.AddDays(1),
            UpdatedAt = id.Time,
            CompletedAt = state is JobState.Succeeded or JobState.Failed or JobState.Cancelled ? id.Time + (took ?? TimeSpan.FromSeconds(12)) : null,
            Error = state == JobState.Failed ? new JobError(Errors[0].Code, Errors[0].Message, Errors[0].Remedy) : null,
        };
    }

    public static UsageRecord Usage(Job job, TokenUsage? usage, Tier tier = Tier.Standard, string? model = "gemini-2.5-flash", int attempt = 1)
    {
        var priced = Prices.Price(tier, model, usage, job.Id.Time);
        return new UsageRecord
        {
            Id = $"task-{job.Id}-{attempt}",
            JobId = job.Id,
            Attempt = attempt,
            Origin = job.Origin,
            Caller = job.Caller,
            Profile = job.Profile,
            Tier = tier,
            ModelVersion = model,
            At = job.CompletedAt ?? job.Id.Time,
            Usage = usage,
            CostUsd = priced.CostUsd,
            ListUsd = priced.ListUsd,
            ForeignModel = priced.ForeignModel,
            Unpriced = priced.Unpriced,
            PriceRow = priced.PriceRow,
            MediaKind = job.Media?.Kind,
            MediaSeconds = job.Media?.Seconds,
        };
    }

    /// <summary>A busy day: every state, tier, media kind, a few failures and oddities.</summary>
    public static IEnumerable<(Job Job, UsageRecord[] Usage)> Busy(DateOnly day, int count)
    {
        var random = new Random(day.DayNumber);
        var wheel = Work.SelectMany(work => Enumerable.Repeat(work, work.Weight)).ToArray();
        for (var number = 1; number <= count; number++)
        {
            var work = wheel[random.Next(wheel.Length)];

            // Offices are busiest around eleven and three.
            var hour = Math.Clamp((random.Next(2) == 0 ? 11 : 15) + (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 5, 0, 23.9);
            var draw = random.NextDouble();
            var state = draw switch { < 0.06 => JobState.Failed, < 0.08 => JobState.Cancelled, < 0.09 => JobState.Held, _ => JobState.Succeeded };
            var took = TimeSpan.FromSeconds(Math.Round(4 + (work.Media is "audio" or "video" ? 40 : 8) * Math.Exp(random.NextDouble() * 2.4 - 0.6), 3));
            yield return One(day, number, work, TimeSpan.FromHours(hour), state, took, random);
        }
    }

    private static (Job Job, UsageRecord[] Usage) One(
        DateOnly day,
        int number,
        (string Profile, string Caller, JobOrigin Origin, TierPolicy Policy, string? Media, int Weight) work,
        TimeSpan at,
        JobState state,
        TimeSpan took,
        Random random)
    {
        double? seconds = work.Media is "audio" or "video" ? Math.Round(60 + (random.NextDouble() * 1800), 2) : null;
        var error = Errors[random.Next(Errors.Length)];
        var fellBack = work.Policy == TierPolicy.BetaThenStandard && random.Next(4) == 0;
        var tier = work.Policy == TierPolicy.Standard || fellBack ? Tier.Standard : Tier.Beta;
        var answered = state == JobState.Succeeded || (state == JobState.Failed && error.Code == "truncated");
        var basis = Job(day, number, state, at, took);
        var job = basis with
        {
            Origin = work.Origin,
            Caller = work.Caller,
            Profile = work.Profile,
            TierPolicy = work.Policy,
            Media = work.Media is null ? null : new MediaSummary { Kind = work.Media, MimeType = "application/octet-stream", Seconds = seconds },
            Error = state == JobState.Failed ? new JobError(error.Code, error.Message, error.Remedy) : null,
            Holds = state == JobState.Held ? 1 : 0,
            Attempts =
            [
                .. fellBack ? [new Attempt { Number = 1, Tier = Tier.Beta, StartedAt = basis.Id.Time, ErrorCode = "upstream_failed" }] : Array.Empty<Attempt>(),
                .. answered ? [new Attempt { Number = fellBack ? 2 : 1, Tier = tier, StartedAt = basis.Id.Time }] : Array.Empty<Attempt>(),
            ],
        };
        if (!answered)
        {
            return (job, []);
        }

        var text = random.Next(200, 2_500);
        long media = work.Media switch
        {
            "audio" => (long)(seconds!.Value * 32),
            "video" => (long)(seconds!.Value * 290),
            "image" => 1_290,
            "document" => random.Next(2, 30) * 258,
            _ => 0,
        };
        ModalityTokens[] details = media == 0
            ? [new("TEXT", text)]
            : [new("TEXT", text), new(work.Media == "text" ? "TEXT" : work.Media!.ToUpperInvariant(), media)];
        var usage = new TokenUsage
        {
            PromptTokens = text + media,
            CachedTokens = random.Next(5) == 0 ? text / 2 : 0,
            CandidatesTokens = random.Next(150, 1_800),
            ThoughtsTokens = random.Next(0, 900),
            PromptDetails = random.Next(30) == 0 ? [] : details,
        };
        var (model, known) = random.Next(60) switch { 0 => ("gemini-3.5-flash-lite", true), 1 => ("gemini-2.5-flash", false), _ => ("gemini-2.5-flash", true) };
        var row = Usage(job, known ? usage : null, tier, model, job.Attempts.Count) with { Late = random.Next(150) == 0 };
        return (job with { CostUsd = row.CostUsd, Usage = row.Usage }, [row]);
    }
}
