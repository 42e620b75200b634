using CsCheck;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Tests.Reports;

public sealed class AggregationTests
{
    private static readonly DateOnly Day = ReportFixture.Yesterday;

    private static readonly Gen<decimal?> Money = Gen.Frequency(
        (5, Gen.Long[0, 9_000_000_000].Select(units => (decimal?)(units / 1_000_000_000m))), (1, Gen.Const((decimal?)null)));

    private static readonly Gen<TokenUsage?> Tokens = Gen.Frequency(
        (5, Gen.Select(Gen.Long[0, 90_000], Gen.Long[0, 9_000], Gen.Long[0, 9_000], Gen.Long[0, 9_000]).Select((prompt, cached, output, thoughts) =>
            (TokenUsage?)new TokenUsage
            {
                PromptTokens = prompt,
                CachedTokens = Math.Min(cached, prompt),
                CandidatesTokens = output,
                ThoughtsTokens = thoughts,
                PromptDetails = [new("AUDIO", prompt / 2), new("HOLOGRAM", prompt / 4)],
            })),
        (1, Gen.Const((TokenUsage?)null)));

    private static readonly Gen<(Job Job, UsageRecord Usage)[]> Rows = Gen.Select(
            Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40], Gen.Int[0, 86_399_999], Gen.Int[0, 5]),
            Tokens,
            Money,
            Money,
            Gen.Double[0, 5_000])
        .Select((names, usage, cost, list, seconds) => (names, usage, cost, list, seconds))
        .Array[0, 60]
        .Select(drawn => drawn.Select((row, number) =>
        {
            var job = SampleDay.Job(Day, number, (JobState)row.names.Item4, TimeSpan.FromMilliseconds(row.names.Item3), TimeSpan.FromSeconds(row.seconds)) with
            {
                Profile = $"p{row.names.Item1}",
                Caller = $"c{row.names.Item2}",
                CostUsd = row.cost,
            };
            var usage = SampleDay.Usage(job, row.usage, row.names.Item1 % 2 == 0 ? Tier.Beta : Tier.Standard, $"m{row.names.Item2}") with
            {
                CostUsd = row.cost,
                ListUsd = row.list,
                MediaKind = "audio",
                MediaSeconds = row.seconds,
            };
            return (job, usage);
        }).ToArray());

    [Fact]
    public void Any_rows_the_report_sums_up_to_them_exactly() => Rows.Sample(rows =>
    {
        var report = Count(rows);
        foreach (var usage in new[] { report.Usage, Sum(report.Profiles), Sum(report.Callers), Sum(report.Tiers), Sum(report.MediaKinds), Sum(report.Models) })
        {
            Assert.Equal(rows.Sum(row => row.Usage.CostUsd ?? 0), usage.CostUsd);
            Assert.Equal(rows.Sum(row => row.Usage.ListUsd ?? 0), usage.ListUsd);
            Assert.Equal(rows.Where(row => row.Usage is { CostUsd: not null, ListUsd: not null }).Sum(row => row.Usage.ListUsd - row.Usage.CostUsd), usage.SavedUsd);
            Assert.Equal(rows.Length, usage.Answers);
            Assert.Equal(rows.Count(row => row.Usage.Usage is null), usage.UnknownUsage);
            Assert.Equal(rows.Count(row => row.Usage.CostUsd is null), usage.UnknownCost);
            Assert.Equal(rows.Sum(row => row.Usage.Usage?.PromptTokens ?? 0), usage.PromptTokens);
            Assert.Equal(rows.Sum(row => row.Usage.Usage?.CachedTokens ?? 0), usage.CachedTokens);
            Assert.Equal(rows.Sum(row => row.Usage.Usage?.OutputTokens ?? 0), usage.AnswerTokens + usage.ThinkingTokens);
            Assert.Equal(usage.PromptTokens, usage.PromptByModality.All().Sum(modality => modality.Tokens));
        }

        Assert.Equal(report.Usage.CostUsd, report.Series.Sum(point => point.CostUsd));
        Assert.Equal(rows.Length, report.Series.Sum(point => point.Jobs));
        foreach (var groups in new[] { report.Profiles, report.Callers, report.Tiers, report.MediaKinds })
        {
            Assert.Equal(rows.Length, groups.Sum(group => group.Jobs.Accepted));
            Assert.Equal(report.Jobs.PricedUsd, groups.Sum(group => group.Jobs.PricedUsd));
        }

        Assert.Equal(report.Jobs.Accepted, report.Jobs.Succeeded + report.Jobs.Failed + report.Jobs.Cancelled + report.Jobs.Open);
        Assert.Equal(report.Jobs.Failed, report.Failures.Sum(failure => failure.Count));
    });

    [Fact]
    public void Any_order_of_rows_gives_the_same_report() => Gen.Select(Rows, Gen.Int).Sample((rows, seed) =>
    {
        var shuffled = rows.ToArray();
        new Random(seed).Shuffle(shuffled);
        Assert.Equal(HtmlReport.Write(Count(rows)), HtmlReport.Write(Count(shuffled)));
        Assert.Equal(CsvReport.Write(Count(rows)), CsvReport.Write(Count(shuffled)));
    });

    [Fact]
    public void Days_rolled_up_sum_up_exactly() => Gen.Select(Rows, Rows).Sample((first, second) =>
    {
        var week = ReportTotals.RollUp(ReportPeriod.WeekOf(Day), [Count(first), Count(second)], maxGroups: 10);
        var rows = first.Concat(second).ToArray();
        Assert.Equal(rows.Sum(row => row.Usage.CostUsd ?? 0), week.Usage.CostUsd);
        Assert.Equal(week.Usage.CostUsd, Sum(week.Callers).CostUsd);
        Assert.Equal(rows.Length, week.Jobs.Accepted);
        Assert.Equal(rows.Length, week.Profiles.Sum(profile => profile.Jobs.Accepted));
        Assert.Equal(rows.Count(row => row.Job.State == JobState.Succeeded), week.Jobs.Latency?.Count ?? 0);
    });

    [Fact]
    public void More_names_than_allowed_are_counted_as_other()
    {
        var rows = Enumerable.Range(0, 25).Select(n => Row(n, profile: $"p{n:00}")).ToArray();

        var report = Count(rows);

        Assert.Equal("p00 p01 p02 p03 p04 p05 p06 p07 p08 p09 (other)", string.Join(' ', report.Profiles.Select(profile => profile.Name)));
        Assert.Equal(15, report.Profiles[^1].Jobs.Accepted);
        Assert.Equal(15, report.Profiles[^1].Usage.Answers);
    }

    [Fact]
    public void Any_split_of_keys_keeps_the_same_groups() => Gen.Select(Gen.Int[0, 50].Array[0, 80], Gen.Int[0, 80]).Sample((keys, split) =>
    {
        var whole = Groups(keys);
        var merged = Groups(keys.Reverse().Skip(split));
        merged.Merge(Groups(keys.Reverse().Take(split)));
        Assert.Equal(Counts(whole), Counts(merged));
        Assert.Equal(keys.Length, Counts(merged).Sum(group => group.Count));
    });

    [Fact]
    public void Failures_keep_the_first_five_jobs_and_the_remedy()
    {
        var rows = Enumerable.Range(0, 12).Select(n => Row(n, state: JobState.Failed)).ToArray();

        var failure = Assert.Single(Count([.. rows.Reverse()]).Failures);

        Assert.Equal(12, failure.Count);
        Assert.Equal(rows.Take(5).Select(row => row.Job.Id), failure.Examples);
        Assert.Equal(rows[0].Job.Error!.Remedy, failure.Remedy);
    }

    [Fact]
    public void Attempts_retries_and_fallbacks_are_counted()
    {
        var (job, _) = Row(1);
        var at = job.Id.Time;
        var fellBack = job with
        {
            Attempts = [new Attempt { Number = 1, Tier = Tier.Beta, StartedAt = at }, new Attempt { Number = 2, Tier = Tier.Beta, StartedAt = at }, new Attempt { Number = 3, Tier = Tier.Standard, StartedAt = at }],
        };
        var totals = new JobTotals();

        totals.Add(fellBack);
        totals.Add(job);

        Assert.Equal((3, 2, 1), (totals.Attempts, totals.Retries, totals.Fallbacks));
    }

    [Fact]
    public void Latency_of_a_drop_runs_from_the_drop_not_from_its_acceptance()
    {
        var (job, _) = Row(1);
        var totals = new JobTotals { Latency = new LatencyHistogram() };

        totals.Add(job with { AcceptedAt = job.Id.Time.AddMinutes(4), CompletedAt = job.Id.Time.AddMinutes(5) });

        Assert.Equal(300_000, totals.Latency.MaxMilliseconds);
    }

    [Fact]
    public void Any_counts_the_cache_saving_is_the_difference_of_prices() =>
        Gen.Select(Gen.Long[1, 1_000_000], Gen.Long[0, 1_000_000], Gen.Bool, Gen.Bool).Sample((prompt, cached, beta, detailed) =>
        {
            var usage = new TokenUsage
            {
                PromptTokens = prompt,
                CachedTokens = Math.Min(prompt, cached),
                CandidatesTokens = 50,
                CacheDetails = detailed ? [new("TEXT", Math.Min(prompt, cached) / 2)] : [],
            };
            var row = SampleDay.Usage(SampleDay.Job(Day), usage, beta ? Tier.Beta : Tier.Standard);
            var without = SampleDay.Usage(SampleDay.Job(Day), usage with { CachedTokens = 0 }, row.Tier);

            Assert.Equal(without.CostUsd - row.CostUsd, new CacheSavings(new SamplePrices()).Of(row));
        });

    [Fact]
    public void Unpriced_rows_have_no_cache_saving()
    {
        var usage = new TokenUsage { PromptTokens = 100, CachedTokens = 50 };

        Assert.Equal(0, new CacheSavings(new SamplePrices()).Of(SampleDay.Usage(SampleDay.Job(Day), usage, model: "llama")));
    }

    [Fact]
    public void Minutes_of_media_are_priced_only_where_length_and_cost_are_known()
    {
        var row = SampleDay.Usage(SampleDay.Job(Day), new TokenUsage { PromptTokens = 100 }) with { CostUsd = 0.03m, MediaKind = "video", MediaSeconds = 90 };
        var totals = new UsageTotals();

        totals.Add(row, 0);
        totals.Add(row with { MediaSeconds = null }, 0);
        totals.Add(row with { CostUsd = null }, 0);
        totals.Add(row with { MediaKind = "image" }, 0);

        Assert.Equal(0.02m, totals.CostPerMediaMinuteUsd);
    }

    private static (Job Job, UsageRecord Usage) Row(int number, string profile = "default", JobState state = JobState.Succeeded)
    {
        var job = SampleDay.Job(Day, number, state) with { Profile = profile };
        return (job, SampleDay.Usage(job, new TokenUsage { PromptTokens = 10 }));
    }

    private static Report Count((Job Job, UsageRecord Usage)[] rows)
    {
        var totals = new ReportTotals(10, new Dictionary<string, decimal>(StringComparer.Ordinal));
        var savings = new CacheSavings(new SamplePrices());
        foreach (var (job, usage) in rows)
        {
            totals.Add(job);
            totals.Add(usage, savings.Of(usage));
        }

        return totals.ToDay(Day);
    }

    private static UsageTotals Sum(IEnumerable<ReportGroup> groups)
    {
        var sum = new UsageTotals();
        foreach (var group in groups)
        {
            sum.Merge(group.Usage);
        }

        return sum;
    }

    private static GroupSet<int, Counter> Groups(IEnumerable<int> keys)
    {
        var groups = new GroupSet<int, Counter>(8, Comparer<int>.Default, static (into, from) => into.Count += from.Count);
        foreach (var key in keys)
        {
            groups.For(key).Count++;
        }

        return groups;
    }

    private static (int Key, int Count)[] Counts(GroupSet<int, Counter> groups) =>
        [.. groups.Ordered.Select(group => (group.Key, group.Group.Count)), (-1, groups.Other?.Count ?? 0)];

    private sealed class Counter
    {
        public int Count { get; set; }
    }
}
