using FlashDrop.Core.Reports;

namespace FlashDrop.Core.Tests.Reports;

public sealed class ReportPeriodTests
{
    [Theory]
    [InlineData("2026-11-22", "2026-W47", "2026-11-16", "2026-11-22")]
    [InlineData("2026-11-23", "2026-W48", "2026-11-23", "2026-11-29")]
    [InlineData("2027-01-01", "2026-W53", "2026-12-28", "2027-01-03")]
    [InlineData("2024-12-31", "2025-W01", "2024-12-30", "2025-01-05")]
    public void Weeks_are_those_of_iso_8601(string day, string name, string from, string to)
    {
        var week = ReportPeriod.WeekOf(DateOnly.Parse(day));

        Assert.Equal((name, DateOnly.Parse(from), DateOnly.Parse(to)), (week.Name, week.From, week.To));
        Assert.Equal($"weekly/{name}", week.Folder);
        Assert.Equal(week.From.AddDays(-7), week.Previous.From);
    }

    [Fact]
    public void Months_end_with_their_last_day()
    {
        var month = ReportPeriod.MonthOf(new DateOnly(2028, 2, 10));

        Assert.Equal(("monthly/2028-02", 29), (month.Folder, month.Days));
        Assert.Equal("2028-01", month.Previous.Name);
    }
}
