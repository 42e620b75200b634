namespace FlashDrop.Core.Reports;

/// <summary>
/// The look of the page. Every text colour keeps a contrast of at least 4.5 to the surface it stands on, in both schemes; what is told by
/// colour is told by words too.
/// </summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root {
          color-scheme: light dark;
          --page: #f3f5f8; --card: #ffffff; --line: #d9dfe8; --text: #172033; --soft: #525e73;
          --accent: #1f5fc4; --track: #e6ebf3; --warn: #8a4200; --warn-card: #fff5e9; --warn-line: #eec48f; --good: #17643a; --shade: #1720332e; --hover: #f6f8fb;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0e131b; --card: #171e29; --line: #2c3747; --text: #e7ecf4; --soft: #a5b1c4;
            --accent: #7db0ff; --track: #263142; --warn: #ffc27a; --warn-card: #2a2117; --warn-line: #6b4d25; --good: #7fd6a4; --shade: #00000099; --hover: #1c2431;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--text); overflow-wrap: break-word;
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        }
        main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 48px; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 4px 0 8px; letter-spacing: -0.01em; text-wrap: balance; }
        h2 { font-size: 1.2rem; margin: 40px 0 12px; }
        h3 { font-size: 1rem; margin: 0 0 4px; }
        p { margin: 0 0 8px; max-width: 75ch; }
        a { color: var(--accent); }
        .kicker { margin: 0; color: var(--soft); font-weight: 600; font-size: .9rem; }
        .soft { color: var(--soft); }
        .lead { font-size: 1.1rem; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(155px, 1fr)); gap: 12px; margin: 24px 0 0; }
        .tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
        .tiles dt { color: var(--soft); font-size: .88rem; }
        .tiles dd { margin: 0; font-size: .85rem; color: var(--soft); font-variant-numeric: tabular-nums; }
        .tiles dd.figure { font-size: 1.35rem; line-height: 1.3; font-weight: 650; color: var(--text); letter-spacing: -0.01em; white-space: nowrap; }
        .attention { background: var(--warn-card); border: 1px solid var(--warn-line); border-radius: 12px; padding: 16px 20px; margin-top: 24px; }
        .attention h2 { margin: 0 0 6px; font-size: 1rem; color: var(--warn); }
        .attention ul { margin: 0; padding-left: 20px; }
        .calm { margin-top: 24px; color: var(--good); font-weight: 600; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; margin-top: 16px; }
        figure { margin: 0; }
        figcaption { color: var(--soft); font-size: .9rem; margin-bottom: 12px; }
        svg { display: block; width: 100%; overflow: visible; }
        svg text { fill: var(--text); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; unicode-bidi: isolate; }
        svg .axis { fill: var(--soft); font-size: 12px; }
        svg .bar { fill: var(--accent); }
        svg .track { fill: var(--track); }
        svg .grid { stroke: var(--line); }
        details { margin-top: 12px; }
        summary { color: var(--accent); cursor: pointer; font-size: .9rem; }
        .table {
          border: 1px solid var(--line); border-radius: 12px; overflow-x: auto; margin-top: 16px;
          /* A shade at the right edge says that there is more to the side; it goes at the end of the way. */
          background:
            linear-gradient(to left, var(--card) 30%, transparent) right / 48px 100% no-repeat local,
            linear-gradient(to left, var(--shade), transparent) right / 20px 100% no-repeat scroll,
            var(--card);
        }
        .table:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        details .table { margin-top: 8px; }
        table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
        caption { text-align: left; padding: 14px 16px 6px; font-weight: 650; font-size: 1rem; }
        caption span { display: block; font-weight: 400; font-size: .85rem; color: var(--soft); }
        th, td { padding: 8px 12px; text-align: right; vertical-align: top; white-space: nowrap; }
        th:first-child, td.words { text-align: left; white-space: normal; overflow-wrap: break-word; }
        th:first-child { min-width: 140px; padding-left: 16px; position: sticky; left: 0; background: var(--card); }
        tbody tr:hover > * { background: var(--hover); }
        td.words { min-width: 220px; }
        th:last-child, td:last-child { padding-right: 16px; }
        thead th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); vertical-align: bottom; }
        tbody th { font-weight: 500; }
        tbody tr + tr > * { border-top: 1px solid var(--line); }
        tfoot th, tfoot td { border-top: 2px solid var(--line); font-weight: 650; }
        .failures { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px; }
        .failures code { font-size: .85rem; overflow-wrap: anywhere; }
        .failures p { margin: 4px 0 0; overflow-wrap: anywhere; }
        footer { margin-top: 40px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
        @media (max-width: 560px) {
          main { padding: 20px 14px 32px; }
          h1 { font-size: 1.5rem; }
          h2 { margin-top: 32px; }
          .card { padding: 16px 14px; }
          .tiles { grid-template-columns: 1fr 1fr; gap: 10px; }
          .tiles > div { padding: 12px; }
          .tiles dd.figure { font-size: 1.3rem; }
          th:first-child { min-width: 104px; max-width: 42vw; }
          th, td { padding: 8px 10px; }
        }
        @media print {
          :root {
            color-scheme: light; --page: #fff; --card: #fff; --line: #c4ccd8; --text: #000; --soft: #444; --accent: #1f5fc4; --track: #e6ebf3;
            --warn: #7a3a00; --warn-card: #fff; --warn-line: #c98a3c; --good: #14532d; --hover: #fff;
          }
          body { font-size: 9pt; }
          table, caption { font-size: 8pt; }
          h1 { font-size: 1.6rem; }
          .tiles { grid-template-columns: repeat(3, 1fr); gap: 8px; margin-top: 14px; }
          .tiles > div { padding: 8px 12px; }
          .tiles dd.figure { font-size: 1.15rem; }
          .pair { grid-template-columns: 1fr 1fr; gap: 12px; margin-top: 12px; }
          .card, .attention { padding: 12px 14px; margin-top: 12px; }
          .pair > .card, .failures > .card { margin-top: 0; }
          svg text { font-size: 11px; }
          svg .axis { font-size: 10px; }
          main { max-width: none; padding: 0; }
          details { display: none; }
          .table { overflow: visible; background: none; margin-top: 12px; }
          .pair > .table { margin-top: 0; }
          caption { padding: 8px 12px 2px; }
          th, td { padding: 2px 6px; }
          h2 { margin: 18px 0 8px; }
          th:first-child { position: static; min-width: 0; padding-left: 12px; }
          /* A total belongs under the last row, not at the foot of every page. */
          tfoot { display: table-row-group; }
          footer { margin-top: 14px; padding-top: 8px; }
          h2, caption { break-after: avoid; }
          figure, .tiles > div, .failures li, tr, .table, .attention { break-inside: avoid; }
          @page { margin: 14mm; }
        }
        """;
}
