using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Reports;

/// <summary>The stored reports, for administrators: they tell of every caller. Safe for concurrent use.</summary>
public sealed partial class ReportsApi
{
    private const int DefaultLimit = 31;
    private const int MaxLimit = 400;

    /// <summary>What a report's page may do in a browser: show itself.</summary>
    private const string PagePolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private static readonly string[] Kinds = ["daily", "weekly", "monthly"];

    private static readonly Dictionary<string, string> MediaTypes = new(StringComparer.Ordinal)
    {
        ["html"] = "text/html",
        ["json"] = "application/json",
        ["csv"] = "text/csv",
        ["md"] = "text/markdown",
    };

    private readonly IContentStore _content;
    private readonly RequestPipeline _pipeline;

    internal ReportsApi(IContentStore content, RequestPipeline pipeline)
    {
        _content = content;
        _pipeline = pipeline;
    }

    /// <summary><c>GET</c> <see cref="Routes.Reports"/>: the newest reports of each kind, newest first.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (!caller.IsAdmin)
        {
            return AdminOnly().ToResult();
        }

        var errors = new FieldErrors();
        errors.CheckParameters(request.Query, "limit");
        var limit = DefaultLimit;
        if (request.Query["limit"] is [{ Length: > 0 } text]
            && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit))
        {
            errors.Invalid("query.limit", "This is not a number of reports.", $"Send 1 to {MaxLimit}.");
        }

        if (errors.Any)
        {
            return Problem.InvalidRequest(errors.All).ToResult();
        }

        List<ReportView> reports = [];
        foreach (var kind in Kinds)
        {
            reports.AddRange((await ListAsync(kind, limit, request.PathBase, cancellationToken)).Reverse());
        }

        return new JsonResponse<ReportListView>(new ReportListView(reports), ReportsJsonContext.Default.ReportListView);
    });

    /// <summary><c>GET</c> <see cref="Routes.Report"/>: one file, for example <c>daily/2026-11-22/summary.html</c>; 304 when it has not changed.</summary>
    public Task<IResult> GetAsync(HttpRequest request, string kind, string period, string file) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (!caller.IsAdmin)
        {
            return AdminOnly().ToResult();
        }

        var name = $"{kind}/{period}/{file}";
        if (!NamePattern().IsMatch(name)
            || await _content.OpenAsync(new BlobAddress(Containers.Reports, name), ifMatch: null, cancellationToken) is not { } blob)
        {
            return Problem.ReportNotFound().ToResult();
        }

        // The body is written after this method returns, so the blob lives as long as the request.
        request.HttpContext.Response.RegisterForDisposeAsync(blob);
        var headers = request.HttpContext.Response.Headers;
        var tag = EntityTags.Of(blob.Info.ETag, "report");
        headers.ETag = tag;
        headers.ContentSecurityPolicy = PagePolicy;
        headers.ContentDisposition = $"inline; filename=\"flashdrop-{period}{Path.GetExtension(file)}\"";
        return EntityTags.IsUnchanged(request, tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : new StreamResponse(blob.Stream, blob.Info.Length, $"{MediaTypes[Path.GetExtension(file)[1..]]}; charset=utf-8");
    });

    /// <summary>The last reports of a kind in the order of their names, which is the order of time.</summary>
    private async Task<IEnumerable<ReportView>> ListAsync(string kind, int limit, PathString pathBase, CancellationToken cancellationToken)
    {
        Queue<ReportView> last = new(limit + 1);
        List<BlobInfo> files = [];
        await foreach (var blob in _content.ListAsync(Containers.Reports, $"{kind}/", cancellationToken))
        {
            if (!NamePattern().IsMatch(blob.Address.Name))
            {
                continue;
            }

            if (files.Count > 0 && PeriodOf(files[0]) != PeriodOf(blob))
            {
                Close();
            }

            files.Add(blob);
        }

        Close();
        return last;

        void Close()
        {
            if (files.Count > 0)
            {
                last.Enqueue(new ReportView(
                    kind,
                    PeriodOf(files[0]),
                    files.Max(file => file.LastModified),
                    [.. files.Select(file => new ReportFileView(
                        Path.GetExtension(file.Address.Name)[1..], file.Length, $"{pathBase}/{Routes.Reports}/{file.Address.Name}"))]));
                files.Clear();
            }

            if (last.Count > limit)
            {
                last.Dequeue();
            }
        }
    }

    private static string PeriodOf(BlobInfo file) => file.Address.Name.Split('/')[1];

    private static Problem AdminOnly() => Problem.AdminOnly("Reports tell of every caller; only an administrator may read them.", "GET /api/usage sums up your own usage.");

    [GeneratedRegex(
        @"^(daily/[0-9]{4}-[0-9]{2}-[0-9]{2}|weekly/[0-9]{4}-W[0-9]{2}|monthly/[0-9]{4}-[0-9]{2})/summary\.(html|json|csv|md)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();
}

/// <summary>Reports, newest first within each kind.</summary>
internal sealed record ReportListView(IReadOnlyList<ReportView> Reports);

/// <summary>One report.</summary>
internal sealed record ReportView(string Kind, string Period, DateTimeOffset UpdatedAt, IReadOnlyList<ReportFileView> Files);

/// <summary>A report in one form.</summary>
internal sealed record ReportFileView(string Format, long Bytes, string Path);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReportListView))]
internal sealed partial class ReportsJsonContext : JsonSerializerContext;
