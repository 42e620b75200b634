using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;

namespace FlashDrop.Core.Reports;

/// <summary>
/// Everything a report counts, while it is counted: from rows for a day, from the days' reports for a longer period. Bounded whatever
/// comes; independent of order. Not safe for concurrent use, except that one thread may add jobs while another adds usage.
/// </summary>
/// <param name="maxGroups">Names kept apart in each breakdown.</param>
/// <param name="budgets">USD a day by caller.</param>
internal sealed class ReportTotals(int maxGroups, IReadOnlyDictionary<string, decimal> budgets)
{
    private const int HoursPerDay = 24;

    private static readonly Dictionary<string, decimal> NoBudgets = [];

    private readonly Part _jobs = new(maxGroups);
    private readonly Part _usage = new(maxGroups);
    private readonly GroupSet<string, FailureTotals> _failures = new(maxGroups, StringComparer.Ordinal, static (into, from) => into.Merge(from));
    private readonly Dictionary<string, decimal> _spent = budgets.ToDictionary(budget => budget.Key, _ => 0m, StringComparer.OrdinalIgnoreCase);
    private readonly long[] _jobsByHour = new long[HoursPerDay];
    private readonly long[] _answersByHour = new long[HoursPerDay];
    private readonly decimal[] _costByHour = new decimal[HoursPerDay];

    /// <summary>Counts a job.</summary>
    public void Add(Job job)
    {
        _jobs.All.Jobs.Latency ??= new LatencyHistogram();
        _jobs.All.Jobs.Add(job);
        var profile = _jobs.Profiles.For(job.Profile);
        profile.Jobs.Latency ??= new LatencyHistogram();
        profile.Jobs.Add(job);
        _jobs.Callers.For(job.Caller).Jobs.Add(job);
        _jobs.Tiers.For(job.Attempts.Count > 0 ? NameOf(job.Attempts[^1].Tier) : "(not sent)").Jobs.Add(job);
        _jobs.MediaKinds.For(job.Media?.Kind ?? "(none)").Jobs.Add(job);
        _jobsByHour[job.Id.Time.Hour]++;
        if (job is { State: JobState.Failed, Error: { } error })
        {
            _failures.For(error.Code).Add(job.Id, error);
        }
    }

    /// <summary>Counts a usage row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cacheSavedUsd">What its cached tokens saved in USD.</param>
    public void Add(UsageRecord row, decimal cacheSavedUsd)
    {
        _usage.All.Usage.Add(row, cacheSavedUsd);
        _usage.Profiles.For(row.Profile).Usage.Add(row, cacheSavedUsd);
        _usage.Callers.For(row.Caller).Usage.Add(row, cacheSavedUsd);
        _usage.Tiers.For(NameOf(row.Tier)).Usage.Add(row, cacheSavedUsd);
        _usage.MediaKinds.For(row.MediaKind ?? "(none)").Usage.Add(row, cacheSavedUsd);
        _usage.Models.For(row.ModelVersion ?? "(not named)").Usage.Add(row, cacheSavedUsd);
        var hour = row.JobId.Time.Hour;
        _answersByHour[hour]++;
        _costByHour[hour] += row.CostUsd ?? 0;
        if (_spent.TryGetValue(row.Caller, out var spent))
        {
            _spent[row.Caller] = spent + (row.CostUsd ?? 0);
        }
    }

    /// <summary>Name of a tier in reports.</summary>
    public static string NameOf(Tier tier) => tier == Tier.Beta ? "beta" : "standard";

    /// <summary>The report of a day.</summary>
    public Report ToDay(DateOnly day)
    {
        var all = new Part(maxGroups);
        all.Merge(_jobs);
        all.Merge(_usage);
        return Build(ReportPeriod.Day(day), days: 1, all) with
        {
            Series =
            [
                .. Enumerable.Range(0, HoursPerDay).Select(hour => new SeriesPoint
                {
                    Name = $"{hour:00}", Jobs = _jobsByHour[hour], Answers = _answersByHour[hour], CostUsd = _costByHour[hour],
                }),
            ],
            Budgets =
            [
                .. budgets.OrderBy(budget => budget.Key, StringComparer.OrdinalIgnoreCase).Select(budget => new BudgetUse
                {
                    Caller = budget.Key, BudgetUsd = budget.Value, SpentUsd = _spent[budget.Key],
                }),
            ],
        };
    }

    /// <summary>The report of a longer period, from those of its days; days without one are left out and said so.</summary>
    public static Report RollUp(ReportPeriod period, IReadOnlyList<Report> days, int maxGroups)
    {
        var totals = new ReportTotals(maxGroups, NoBudgets);
        foreach (var day in days)
        {
            totals._jobs.Merge(day);
            foreach (var failure in day.Failures)
            {
                var into = failure.Code == ReportGroup.OtherName ? totals._failures.ForOther() : totals._failures.For(failure.Code);
                into.Merge(new FailureTotals { Count = failure.Count, Message = failure.Message, Remedy = failure.Remedy, Examples = failure.Examples });
            }
        }

        return totals.Build(period, days.Count, totals._jobs) with
        {
            Complete = days.Count == period.Days && days.All(day => day.Complete),
            Series =
            [
                .. days.OrderBy(day => day.From).Select(day => new SeriesPoint
                {
                    Name = day.Name, Jobs = day.Jobs.Accepted, Answers = day.Usage.Answers, CostUsd = day.Usage.CostUsd,
                }),
            ],
            Budgets =
            [
                .. days.SelectMany(day => day.Budgets)
                    .GroupBy(budget => budget.Caller, StringComparer.OrdinalIgnoreCase)
                    .OrderBy(caller => caller.Key, StringComparer.OrdinalIgnoreCase)
                    .Select(caller => new BudgetUse
                    {
                        Caller = caller.Key, BudgetUsd = caller.Sum(b => b.BudgetUsd), SpentUsd = caller.Sum(b => b.SpentUsd),
                    }),
            ],
        };
    }

    private Report Build(ReportPeriod period, int days, Part part) => new()
    {
        Format = Report.CurrentFormat,
        Period = period.Kind,
        Name = period.Name,
        From = period.From,
        To = period.To,
        Days = days,
        Complete = part.All.Jobs.Open == 0,
        Jobs = part.All.Jobs,
        Usage = part.All.Usage,
        Profiles = Part.Named(part.Profiles),
        Callers = Part.Named(part.Callers),
        Tiers = Part.Named(part.Tiers),
        MediaKinds = Part.Named(part.MediaKinds),
        Models = Part.Named(part.Models),
        Series = [],
        Failures =
        [
            .. Rest(_failures.Ordered, _failures.Other)
                .OrderByDescending(failure => failure.Group.Count)
                .ThenBy(failure => failure.Key, StringComparer.Ordinal)
                .Select(failure => new FailureGroup
                {
                    Code = failure.Key,
                    Count = failure.Group.Count,
                    Message = failure.Group.Message,
                    Remedy = failure.Group.Remedy,
                    Examples = failure.Group.Examples,
                }),
        ],
        Budgets = [],
    };

    private static IEnumerable<(string Key, TGroup Group)> Rest<TGroup>(IEnumerable<(string Key, TGroup Group)> groups, TGroup? other)
        where TGroup : class =>
        other is null ? groups : groups.Append((ReportGroup.OtherName, other));

    /// <summary>The breakdowns.</summary>
    private sealed class Part(int maxGroups)
    {
        public ReportGroup All { get; } = new();

        public GroupSet<string, ReportGroup> Profiles { get; } = NewSet(maxGroups);

        public GroupSet<string, ReportGroup> Callers { get; } = NewSet(maxGroups);

        public GroupSet<string, ReportGroup> Tiers { get; } = NewSet(maxGroups);

        public GroupSet<string, ReportGroup> MediaKinds { get; } = NewSet(maxGroups);

        public GroupSet<string, ReportGroup> Models { get; } = NewSet(maxGroups);

        public void Merge(Part other)
        {
            All.Merge(other.All);
            Profiles.Merge(other.Profiles);
            Callers.Merge(other.Callers);
            Tiers.Merge(other.Tiers);
            MediaKinds.Merge(other.MediaKinds);
            Models.Merge(other.Models);
        }

        public void Merge(Report report)
        {
            All.Jobs.Merge(report.Jobs);
            All.Usage.Merge(report.Usage);
            Merge(Profiles, report.Profiles);
            Merge(Callers, report.Callers);
            Merge(Tiers, report.Tiers);
            Merge(MediaKinds, report.MediaKinds);
            Merge(Models, report.Models);
        }

        public static IReadOnlyList<ReportGroup> Named(GroupSet<string, ReportGroup> set) =>
            [.. Rest(set.Ordered, set.Other).Select(pair => new ReportGroup { Name = pair.Key, Jobs = pair.Group.Jobs, Usage = pair.Group.Usage })];

        private static GroupSet<string, ReportGroup> NewSet(int maxGroups) => new(maxGroups, StringComparer.Ordinal, static (into, from) => into.Merge(from));

        private static void Merge(GroupSet<string, ReportGroup> into, IReadOnlyList<ReportGroup> groups)
        {
            foreach (var group in groups)
            {
                (group.Name == ReportGroup.OtherName ? into.ForOther() : into.For(group.Name)).Merge(group);
            }
        }
    }
}
