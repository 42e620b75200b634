using System.Globalization;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Reads the queries of <c>GET /api/jobs</c> and, without a state, <c>GET /api/dead-letters</c>.</summary>
internal static class JobListQuery
{
    /// <summary>Days listed when the query names none, today included.</summary>
    public const int DefaultDays = 7;

    /// <summary>Most days of one query.</summary>
    public const int MaxDays = 92;

    /// <summary>Most jobs of one page.</summary>
    public const int MaxLimit = 1000;

    private const string Day = "yyyy-MM-dd";
    private const string State = "state";
    private const int MaxText = 128;
    private const int MaxCursor = 2048;

    private static readonly string[] Known = [State, "caller", "profile", "day", "from", "to", "cursor", "limit"];

    public static (JobQuery? Query, Problem? Problem) Parse(IQueryCollection query, Caller caller, DateOnly today, bool byState)
    {
        var errors = new FieldErrors();
        errors.CheckParameters(query, byState ? Known : Known[1..]);
        var state = byState ? StateOf(Text(State, MaxText), errors) : null;
        var wanted = Text("caller", MaxText);
        var profile = Text("profile", MaxText);
        var cursor = Text("cursor", MaxCursor);
        var limit = Limit(Text("limit", MaxText), errors);
        var (from, to) = Days(Text("day", MaxText), Text("from", MaxText), Text("to", MaxText), today, errors);

        if (errors.Any)
        {
            return (null, Problem.InvalidRequest(errors.All));
        }

        if (!caller.IsAdmin && wanted is not null && !string.Equals(wanted, caller.Name, StringComparison.Ordinal))
        {
            return (null, Problem.NotAdmin());
        }

        return (new JobQuery
        {
            From = from,
            To = to,
            Caller = caller.IsAdmin ? wanted : caller.Name,
            State = state,
            Profile = profile,
            Cursor = cursor,
            PageSize = limit,
        }, null);

        string? Text(string name, int max)
        {
            var text = query[name] is [{ Length: > 0 } value] ? value : null;
            if (text?.Length > max)
            {
                errors.Invalid($"query.{name}", $"The value has more than {max} characters.", "Send a shorter one.");
            }

            return text;
        }
    }

    /// <summary>What a cursor is answered with that no listing handed out.</summary>
    public static Problem ForeignCursor()
    {
        var errors = new FieldErrors();
        errors.Invalid("query.cursor", "This cursor is not one of ours.", "Follow links.next of the page before, or start again without a cursor.");
        return Problem.InvalidRequest(errors.All);
    }

    /// <summary>The query of the next page: the same question with its days written out, since "today" moves.</summary>
    public static string Next(JobQuery query, string cursor)
    {
        KeyValuePair<string, string?>[] parameters =
        [
            new(State, query.State?.ToString()),
            new("caller", query.Caller),
            new("profile", query.Profile),
            new("from", query.From.ToString(Day, CultureInfo.InvariantCulture)),
            new("to", query.To.ToString(Day, CultureInfo.InvariantCulture)),
            new("limit", query.PageSize.ToString(CultureInfo.InvariantCulture)),
            new("cursor", cursor),
        ];
        return QueryString.Create(parameters.Where(parameter => parameter.Value is not null)).Value!;
    }

    private static JobState? StateOf(string? text, FieldErrors errors)
    {
        if (text is null)
        {
            return null;
        }

        foreach (var state in Enum.GetValues<JobState>())
        {
            if (text.Equals(state.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return state;
            }
        }

        errors.Invalid("query.state", "This is not a state.", $"Send one of {string.Join(", ", Enum.GetNames<JobState>())}.");
        return null;
    }

    private static int Limit(string? text, FieldErrors errors)
    {
        const int standard = 100;
        if (text is null)
        {
            return standard;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit)
        {
            return limit;
        }

        errors.Invalid("query.limit", "This is not a page size.", $"Send 1 to {MaxLimit}.");
        return standard;
    }

    private static (DateOnly From, DateOnly To) Days(string? day, string? from, string? to, DateOnly today, FieldErrors errors)
    {
        if (day is not null && (from is not null || to is not null))
        {
            errors.Add("query.day", "conflicting_fields", "A day excludes 'from' and 'to'.", "Send either the day or the range.");
        }

        if (day is not null)
        {
            var only = Date("day", day);
            return (only, only);
        }

        return DayRange.Read(from, to, today, DefaultDays, MaxDays, errors);

        DateOnly Date(string name, string text) => DayRange.Day(name, text, today, errors);
    }
}
