using System.Globalization;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Reads days (UTC) from a query.</summary>
internal static class DayRange
{
    private const string Form = "yyyy-MM-dd";

    /// <summary>The days from <c>from</c> to <c>to</c>, inclusive; those left out give the last <paramref name="standard"/> days.</summary>
    public static (DateOnly From, DateOnly To) Read(string? from, string? to, DateOnly today, int standard, int max, FieldErrors errors)
    {
        var last = to is null ? today : Day("to", to, today, errors);
        var first = from is null ? last.DayNumber >= standard ? last.AddDays(1 - standard) : last : Day("from", from, today, errors);
        if (!errors.Any && (first > last || last.DayNumber - first.DayNumber >= max))
        {
            errors.Invalid("query.from", $"The range {first:yyyy-MM-dd} to {last:yyyy-MM-dd} is empty or too long.", $"Send a range of 1 to {max} days.");
        }

        return (first, last);
    }

    /// <summary>One day; a stand-in after an error.</summary>
    public static DateOnly Day(string name, string text, DateOnly standIn, FieldErrors errors)
    {
        if (DateOnly.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }

        errors.Invalid($"query.{name}", "This is not a day.", "Send a UTC day as yyyy-MM-dd.");
        return standIn;
    }
}
