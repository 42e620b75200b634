using System.Globalization;
using System.Text;

namespace FlashDrop.Core.Reports;

/// <summary>
/// Writes CSV (RFC 4180: commas, CRLF, quotes doubled). Text that a spreadsheet would take for a formula gets a leading apostrophe and
/// quotes, so that a name somebody chose is never run; numbers are written as they are, exact and in the invariant form.
/// </summary>
internal sealed class CsvWriter
{
    private readonly StringBuilder _text = new();
    private bool _rowHasCells;

    /// <summary>Adds a text cell; null is empty.</summary>
    public CsvWriter Text(string? value) => Cell(Quote(value ?? ""));

    /// <summary>Adds a number; null is empty.</summary>
    public CsvWriter Number(long? value) => Cell(value?.ToString(CultureInfo.InvariantCulture) ?? "");

    /// <summary>Adds an amount, unrounded; null is empty.</summary>
    public CsvWriter Number(decimal? value) => Cell(value?.ToString(CultureInfo.InvariantCulture) ?? "");

    /// <summary>Adds seconds, to the millisecond; null is empty.</summary>
    public CsvWriter Seconds(TimeSpan? value) => Cell(value is { } time ? ((decimal)time.Ticks / TimeSpan.TicksPerSecond).ToString("0.###", CultureInfo.InvariantCulture) : "");

    /// <summary>Ends the row.</summary>
    public CsvWriter EndRow()
    {
        _text.Append("\r\n");
        _rowHasCells = false;
        return this;
    }

    /// <summary>Adds a row of text cells.</summary>
    public CsvWriter Row(IEnumerable<string> cells)
    {
        foreach (var cell in cells)
        {
            Text(cell);
        }

        return EndRow();
    }

    /// <inheritdoc />
    public override string ToString() => _text.ToString();

    private CsvWriter Cell(string cell)
    {
        if (_rowHasCells)
        {
            _text.Append(',');
        }

        _text.Append(cell);
        _rowHasCells = true;
        return this;
    }

    private static string Quote(string value)
    {
        if (IsFormula(value))
        {
            return $"\"'{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        }

        return value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Spreadsheets look past leading blanks and take full-width signs for the plain ones.</summary>
    private static bool IsFormula(string value) =>
        value.Length > 0 && (value[0] is '\t' or '\r' or '\n' || value.AsSpan().TrimStart() is ['=' or '+' or '-' or '@' or '＝' or '＋' or '－' or '＠', ..]);
}
