using System.Globalization;

namespace FlashDrop.Core.Reports;

/// <summary>Figures as people read them. Rounding happens here and nowhere else.</summary>
internal static class Display
{
    /// <summary>Decimals that show amounts of a report well, given its largest.</summary>
    public static int DecimalsFor(decimal largestUsd) => Math.Abs(largestUsd) switch
    {
        0 => 2,
        >= 100 => 2,
        >= 0.1m => 4,
        _ => 6,
    };

    /// <summary>For example <c>$1,234.50</c>; an amount too small to show is <c>&lt; $0.01</c>.</summary>
    public static string Money(decimal usd, int decimals)
    {
        var rounded = Math.Round(usd, decimals, MidpointRounding.AwayFromZero);
        if (usd != 0 && rounded == 0)
        {
            var smallest = $"${(1m / (decimal)Math.Pow(10, decimals)).ToString($"F{decimals}", CultureInfo.InvariantCulture)}";
            return usd > 0 ? $"< {smallest}" : $"> −{smallest}";
        }

        var text = Math.Abs(rounded).ToString($"N{decimals}", CultureInfo.InvariantCulture);
        return usd < 0 ? $"−${text}" : $"${text}";
    }

    /// <summary>An amount with decimals of its own, or a dash when there is none.</summary>
    public static string Money(decimal? usd) => usd is { } known ? Money(known, DecimalsFor(known)) : "–";

    /// <summary>For example <c>1,234</c>.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>For example <c>12.3 M</c>.</summary>
    public static string Compact(long value) => value switch
    {
        >= 1_000_000_000 => $"{(value / 1e9).ToString("0.0", CultureInfo.InvariantCulture)} B",
        >= 1_000_000 => $"{(value / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} M",
        >= 10_000 => $"{(value / 1e3).ToString("0.0", CultureInfo.InvariantCulture)} k",
        _ => Number(value),
    };

    /// <summary>For example <c>420 ms</c>, <c>8.4 s</c>, <c>3 min 20 s</c>, <c>2 h 05 min</c>; a dash when there is none.</summary>
    public static string Duration(TimeSpan? duration)
    {
        if (duration is not { } time)
        {
            return "–";
        }

        var seconds = (long)Math.Round(time.TotalSeconds, MidpointRounding.AwayFromZero);
        return time.TotalSeconds switch
        {
            < 1 => $"{time.TotalMilliseconds:0} ms",
            < 59.95 => $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
            < 3599.5 => $"{seconds / 60} min {seconds % 60:00} s",
            _ => $"{seconds / 3600} h {seconds % 3600 / 60:00} min",
        };
    }

    /// <summary>For example <c>12.5%</c>; a dash of nothing.</summary>
    public static string Percent(decimal part, decimal whole) =>
        whole == 0 ? "–" : $"{Math.Round(part * 100 / whole, 1, MidpointRounding.AwayFromZero).ToString("0.0", CultureInfo.InvariantCulture)}%";

    /// <summary>For example <c>+12.5%</c>, <c>−3%</c>, <c>no change</c>; <c>new</c> when there was nothing before.</summary>
    public static string Change(decimal now, decimal before)
    {
        if (now == before)
        {
            return "no change";
        }

        if (before == 0)
        {
            return "new";
        }

        var percent = Math.Round((now - before) * 100 / Math.Abs(before), 1, MidpointRounding.AwayFromZero);
        var text = Math.Abs(percent).ToString("#,0.#", CultureInfo.InvariantCulture);
        return percent == 0 ? "no change" : percent > 0 ? $"+{text}%" : $"−{text}%";
    }

    /// <summary><c>1 job</c>, <c>2 jobs</c>.</summary>
    public static string Count(long count, string singular) => count == 1 ? $"1 {singular}" : $"{Number(count)} {singular}s";

    /// <summary>A text of at most so many characters, cut with an ellipsis and never inside a character.</summary>
    public static string Shorten(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        var cut = length - 1;
        return $"{text[..(char.IsHighSurrogate(text[cut - 1]) ? cut - 1 : cut)]}…";
    }
}
