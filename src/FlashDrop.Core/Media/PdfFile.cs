using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace FlashDrop.Core.Media;

/// <summary>
/// PDF: the number of pages, from the linearisation dictionary or the page tree where those are in plain sight at the start or the
/// end. A tree in a compressed object is not looked for: not told.
/// </summary>
internal static partial class PdfFile
{
    private const int MaxPages = 1_000_000;

    public static async ValueTask<MediaFacts> InspectAsync(ByteWindow file, CancellationToken cancellationToken)
    {
        try
        {
            return await PagesOfAsync(file, cancellationToken);
        }
        catch (RegexMatchTimeoutException)
        {
            // Made to be slow: not told.
            return new MediaFacts();
        }
    }

    private static async ValueTask<MediaFacts> PagesOfAsync(ByteWindow file, CancellationToken cancellationToken)
    {
        var head = Encoding.Latin1.GetString(file.Head.Span);
        var linear = Linearized().Match(head, 0, Math.Min(head.Length, 2_048));
        var tail = head;
        if (!file.IsWhole)
        {
            var from = Math.Max(0, file.Length - ByteWindow.ReadLength);
            if (!linear.Success && await file.GetAsync(from, ByteWindow.ReadLength, cancellationToken) is { } bytes)
            {
                tail = Encoding.Latin1.GetString(bytes.Span);
            }
            else
            {
                return new MediaFacts { Pages = linear.Success ? Number(linear) : Largest(head) };
            }
        }

        if (!tail.Contains("startxref", StringComparison.Ordinal))
        {
            return MediaFacts.Damaged("a PDF document that was cut short: its end is missing");
        }

        return new MediaFacts { Pages = linear.Success ? Number(linear) : Larger(Largest(head), Largest(tail)) };
    }

    private static int? Larger(int? a, int? b) => a is null || b > a ? b : a;

    /// <summary>The root of the tree counts all pages, so it has the largest number.</summary>
    private static int? Largest(string text)
    {
        int? largest = null;
        foreach (var match in Pages().Matches(text).Concat(PagesReversed().Matches(text)))
        {
            largest = Larger(largest, Number(match));
        }

        return largest;
    }

    private static int? Number(Match match) =>
        int.TryParse(match.Groups["n"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var pages) && pages is > 0 and <= MaxPages
            ? pages
            : null;

    [GeneratedRegex(@"/Linearized\b[^>]{0,300}?/N\s{1,5}(?<n>\d{1,9})", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Linearized();

    [GeneratedRegex(@"/Type\s{0,5}/Pages\b[^>]{0,2000}?/Count\s{1,5}(?<n>\d{1,9})", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Pages();

    [GeneratedRegex(@"/Count\s{1,5}(?<n>\d{1,9})[^>]{0,2000}?/Type\s{0,5}/Pages\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex PagesReversed();
}
