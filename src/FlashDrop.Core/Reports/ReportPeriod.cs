using System.Globalization;
using System.Text.Json.Serialization;

namespace FlashDrop.Core.Reports;

/// <summary>How long a report's period is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PeriodKind>))]
internal enum PeriodKind
{
    [JsonStringEnumMemberName("day")]
    Day,

    [JsonStringEnumMemberName("week")]
    Week,

    [JsonStringEnumMemberName("month")]
    Month,
}

/// <summary>A day, an ISO week (Monday to Sunday) or a month, all UTC.</summary>
internal readonly record struct ReportPeriod
{
    private ReportPeriod(PeriodKind kind, DateOnly from, DateOnly to) => (Kind, From, To) = (kind, from, to);

    public PeriodKind Kind { get; }

    /// <summary>First day.</summary>
    public DateOnly From { get; }

    /// <summary>Last day, inclusive.</summary>
    public DateOnly To { get; }

    /// <summary>Length in days.</summary>
    public int Days => To.DayNumber - From.DayNumber + 1;

    /// <summary><c>2026-11-22</c>, <c>2026-W47</c> or <c>2026-11</c>.</summary>
    public string Name => Kind switch
    {
        PeriodKind.Week => $"{ISOWeek.GetYear(From):0000}-W{ISOWeek.GetWeekOfYear(From):00}",
        PeriodKind.Month => $"{From:yyyy-MM}",
        _ => $"{From:yyyy-MM-dd}",
    };

    /// <summary>Folder of its files in <c>reports</c>.</summary>
    public string Folder => Kind switch
    {
        PeriodKind.Week => $"weekly/{Name}",
        PeriodKind.Month => $"monthly/{Name}",
        _ => $"daily/{Name}",
    };

    /// <summary>Words for people.</summary>
    public string Title => Kind switch
    {
        PeriodKind.Week => $"Week {ISOWeek.GetWeekOfYear(From)} of {ISOWeek.GetYear(From)}, {From:d MMMM} to {To:d MMMM yyyy}",
        PeriodKind.Month => $"{From:MMMM yyyy}",
        _ => $"{From:dddd, d MMMM yyyy}",
    };

    /// <summary>The period of the same kind before this one.</summary>
    public ReportPeriod Previous => Kind switch
    {
        PeriodKind.Week => WeekOf(From.AddDays(-7)),
        PeriodKind.Month => MonthOf(From.AddDays(-1)),
        _ => Day(From.AddDays(-1)),
    };

    public static ReportPeriod Day(DateOnly day) => new(PeriodKind.Day, day, day);

    public static ReportPeriod WeekOf(DateOnly day)
    {
        var monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
        return new ReportPeriod(PeriodKind.Week, monday, monday.AddDays(6));
    }

    public static ReportPeriod MonthOf(DateOnly day)
    {
        var first = new DateOnly(day.Year, day.Month, 1);
        return new ReportPeriod(PeriodKind.Month, first, first.AddMonths(1).AddDays(-1));
    }
}
