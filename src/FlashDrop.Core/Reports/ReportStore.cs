using System.Text.Json;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Reports;

/// <summary>Reports in storage. Each is read at most once a run; make a new one for every run. Not safe for concurrent use.</summary>
internal sealed class ReportStore(IContentStore content, ILogger logger)
{
    private readonly Dictionary<ReportPeriod, (Report? Report, byte[]? Json)> _known = [];

    /// <summary>Names of the files written so far.</summary>
    public List<string> Written { get; } = [];

    /// <summary>Reports found as they should be so far.</summary>
    public int Unchanged { get; private set; }

    /// <summary>The report of a period, or null when there is none that can be read.</summary>
    public async Task<Report?> FindAsync(ReportPeriod period, CancellationToken cancellationToken) => (await ReadAsync(period, cancellationToken)).Report;

    /// <summary>Writes a report's files unless they hold the same already. The JSON comes last: when it is there, so is the rest.</summary>
    public async Task SaveAsync(ReportPeriod period, Report report, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(report, ReportJson.Readable.Report);
        var known = await ReadAsync(period, cancellationToken);
        _known[period] = (report, json);
        if (known.Json.AsSpan().SequenceEqual(json))
        {
            Unchanged++;
            return;
        }

        await WriteAsync(period, "html", "text/html; charset=utf-8", HtmlReport.Write(report), cancellationToken);
        await WriteAsync(period, "csv", "text/csv; charset=utf-8", CsvReport.Write(report), cancellationToken);
        await WriteAsync(period, "md", "text/markdown; charset=utf-8", MarkdownReport.Write(report), cancellationToken);
        await WriteAsync(period, "json", "application/json", json, cancellationToken);
    }

    private async Task<(Report? Report, byte[]? Json)> ReadAsync(ReportPeriod period, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(period, out var known))
        {
            _known[period] = known = await OpenAsync(period, cancellationToken);
        }

        return known;
    }

    private async Task<(Report? Report, byte[]? Json)> OpenAsync(ReportPeriod period, CancellationToken cancellationToken)
    {
        await using var blob = await content.OpenAsync(AddressOf(period, "json"), ifMatch: null, cancellationToken);
        if (blob is null)
        {
            return default;
        }

        using var buffer = new MemoryStream();
        await blob.Stream.CopyToAsync(buffer, cancellationToken);
        var json = buffer.ToArray();
        try
        {
            var report = JsonSerializer.Deserialize(json, ReportJson.Default.Report);
            return (report?.Format == Report.CurrentFormat ? report : null, json);
        }
        catch (JsonException e)
        {
            // Somebody else's file under our name: a day that is still refreshed is written again, others are reported as missing.
            Log.ReportUnreadable(logger, e, blob.Info.Address.ToString());
            return default;
        }
    }

    private async Task WriteAsync(ReportPeriod period, string extension, string contentType, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var address = AddressOf(period, extension);
        await content.WriteAsync(address, bytes, contentType, WriteCondition.Always, metadata: null, cancellationToken);
        Written.Add(address.Name);
    }

    private static BlobAddress AddressOf(ReportPeriod period, string extension) => new(Containers.Reports, $"{period.Folder}/summary.{extension}");
}
