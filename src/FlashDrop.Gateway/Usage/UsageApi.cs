using System.Text;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Reports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Usage;

/// <summary>Sums of usage and cost. Safe for concurrent use.</summary>
public sealed class UsageApi
{
    private const int DefaultDays = 30;
    private const int MaxText = 128;
    private const string Json = "application/json";
    private const string Csv = "text/csv";

    private static readonly string[] Known = ["from", "to", "groupBy", "caller", "format"];
    private static readonly string[] Offered = [Json, Csv];

    private readonly UsageQuery _usage;
    private readonly RequestPipeline _pipeline;
    private readonly TimeProvider _time;

    internal UsageApi(UsageQuery usage, RequestPipeline pipeline, TimeProvider time)
    {
        _usage = usage;
        _pipeline = pipeline;
        _time = time;
    }

    /// <summary>
    /// <c>GET</c> <see cref="Routes.Usage"/>: the caller's own usage, everybody's for an administrator, as JSON or CSV. Default: the last 30
    /// days in one sum.
    /// </summary>
    public Task<IResult> GetAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (query, problem) = Parse(request.Query, caller, DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime));
        if (query is null)
        {
            return problem!.ToResult();
        }

        var form = request.Query["format"].ToString() switch
        {
            "json" => Json,
            "csv" => Csv,
            _ => Negotiation.Best(request, Offered),
        };
        if (form is null)
        {
            return Problem.NotAcceptable(Offered).ToResult();
        }

        var answer = await _usage.RunAsync(query, cancellationToken);
        var headers = request.HttpContext.Response.Headers;
        headers.Vary = "Accept";
        if (form is Csv)
        {
            headers.ContentDisposition = $"attachment; filename=\"usage-{query.From:yyyy-MM-dd}-{query.To:yyyy-MM-dd}.csv\"";
            return new BytesResponse(Encoding.UTF8.GetBytes(answer.ToCsv()), $"{Csv}; charset=utf-8");
        }

        using var json = new MemoryStream();
        await answer.WriteJsonAsync(json, cancellationToken);
        return new BytesResponse(json.ToArray(), Json);
    });

    private static (UsageRequest? Query, Problem? Problem) Parse(IQueryCollection query, Caller caller, DateOnly today)
    {
        var errors = new FieldErrors();
        errors.CheckParameters(query, Known);
        var (from, to) = DayRange.Read(Text("from"), Text("to"), today, DefaultDays, UsageQuery.MaxDays, errors);
        if (!UsageRequest.TryParseGrouping(Text("groupBy"), out var grouping))
        {
            errors.Invalid("query.groupBy", "This is not a list of groupings.", "Send any of caller, profile, tier and day, separated by commas.");
        }

        if (Text("format") is not (null or "json" or "csv"))
        {
            errors.Invalid("query.format", "This is not a format.", "Send 'json' or 'csv'.");
        }

        var wanted = Text("caller");
        if (errors.Any)
        {
            return (null, Problem.InvalidRequest(errors.All));
        }

        if (!caller.IsAdmin && wanted is not null && !string.Equals(wanted, caller.Name, StringComparison.Ordinal))
        {
            return (null, Problem.AdminOnly(
                "Only an administrator may see the usage of other callers.", "Leave the 'caller' parameter out to see your own, or use an administrator's key."));
        }

        return (new UsageRequest { From = from, To = to, GroupBy = grouping, Caller = caller.IsAdmin ? wanted : caller.Name }, null);

        string? Text(string name)
        {
            var text = query[name] is [{ Length: > 0 } value] ? value : null;
            if (text?.Length > MaxText)
            {
                errors.Invalid($"query.{name}", $"The value has more than {MaxText} characters.", "Send a shorter one.");
            }

            return text;
        }
    }
}
