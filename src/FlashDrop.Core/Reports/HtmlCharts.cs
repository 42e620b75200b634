using System.Globalization;

namespace FlashDrop.Core.Reports;

/// <summary>
/// Charts as inline SVG. Widths are percentages and heights pixels, so that the text keeps its size on every screen. Each names a heading
/// and a caption (<c>{id}</c> and <c>{id}-text</c>) that say in words what it shows.
/// </summary>
/// <param name="html">Where they go.</param>
internal sealed class HtmlCharts(HtmlBuilder html)
{
    private const int PlotTop = 22;
    private const int PlotHeight = 150;

    /// <summary>Columns over time.</summary>
    public void Columns(string id, IReadOnlyList<ChartPoint> points, Func<decimal, string> axis)
    {
        var max = points.Count == 0 ? 0 : points.Max(point => point.Value);
        const int Bottom = PlotTop + PlotHeight;
        html.Add($"<svg role=\"img\" aria-labelledby=\"{id} {id}-text\" height=\"{Bottom + 24}\">\n");
        html.Add($"<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{PlotTop}\" y2=\"{PlotTop}\"/><text class=\"axis\" x=\"0\" y=\"{PlotTop - 6}\">{(max > 0 ? axis(max) : "")}</text>\n");
        html.Add($"<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{Bottom}\" y2=\"{Bottom}\"/>\n");
        var step = 100m / Math.Max(1, points.Count);
        for (var i = 0; i < points.Count; i++)
        {
            // A value too small to see still gets a line.
            var height = max > 0 && points[i].Value > 0 ? Math.Max(2, Math.Round(PlotHeight * points[i].Value / max, 1)) : 0;
            if (height > 0)
            {
                html.Add($"<rect class=\"bar\" rx=\"2\" x=\"{Number((i * step) + (step * 0.14m))}%\" width=\"{Number(step * 0.72m)}%\" y=\"{Number(Bottom - height)}\" height=\"{Number(height)}\"><title>{points[i].Text}</title></rect>\n");
            }

            if (points[i].Label.Length > 0)
            {
                html.Add($"<text class=\"axis\" text-anchor=\"middle\" x=\"{Number((i * step) + (step / 2))}%\" y=\"{Bottom + 18}\">{points[i].Label}</text>\n");
            }
        }

        html.AddLiteral("</svg>\n");
    }

    /// <summary>Bars below each other, each with its label and value in text.</summary>
    public void Bars(string id, IReadOnlyList<ChartPoint> points)
    {
        const int RowHeight = 38;
        var max = points.Count == 0 ? 0 : points.Max(point => point.Value);
        html.Add($"<svg role=\"img\" aria-labelledby=\"{id} {id}-text\" height=\"{Math.Max(1, points.Count * RowHeight)}\">\n");
        for (var i = 0; i < points.Count; i++)
        {
            var top = i * RowHeight;
            var width = max > 0 && points[i].Value > 0 ? Math.Max(0.8m, Math.Round(100 * points[i].Value / max, 2)) : 0;
            html.Add($"<text x=\"0\" y=\"{top + 14}\">{points[i].Label}</text><text class=\"axis\" text-anchor=\"end\" x=\"100%\" y=\"{top + 14}\">{points[i].Text}</text>\n");
            html.Add($"<rect class=\"track\" x=\"0\" width=\"100%\" y=\"{top + 20}\" height=\"8\" rx=\"4\"/><rect class=\"bar\" x=\"0\" width=\"{Number(width)}%\" y=\"{top + 20}\" height=\"8\" rx=\"4\"/>\n");
        }

        html.AddLiteral("</svg>\n");
    }

    private static string Number(decimal value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

/// <summary>One value of a chart.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Text">The value in words.</param>
/// <param name="Value">The value, ≥ 0.</param>
internal sealed record ChartPoint(string Label, string Text, decimal Value);
