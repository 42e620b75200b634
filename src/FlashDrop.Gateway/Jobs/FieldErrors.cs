using System.Text.Json;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Collects what is wrong with a request, so that a client sees it all at once; bounded.</summary>
internal sealed class FieldErrors
{
    private const int Max = 20;

    private readonly List<FieldError> _errors = [];

    public IReadOnlyList<FieldError> All => _errors;

    public bool Any => _errors.Count > 0;

    public void Add(FieldError error)
    {
        if (_errors.Count < Max)
        {
            _errors.Add(error);
        }
    }

    public void Add(string field, string code, string message, string remedy) => Add(new FieldError(field, code, message, remedy));

    public void WrongType(string field, string expected, JsonValueKind found) =>
        Add(field, "wrong_type", $"Expected {expected}, found {Describe(found)}.", $"Send {expected}.");

    public void Missing(string field, string expected) =>
        Add(field, "missing_field", "The field is missing.", $"Add it: {expected}.");

    public void Unknown(string field, string known) =>
        Add(field, "unknown_field", "The field is not known here.", $"Remove it or correct its name; known are {known}.");

    public void Invalid(string field, string message, string remedy) => Add(field, "invalid_value", message, remedy);

    /// <summary>Reports every query parameter that is not known, or sent more than once.</summary>
    public void CheckParameters(IQueryCollection query, params IReadOnlyList<string> known)
    {
        foreach (var (name, values) in query)
        {
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                Unknown(Path("query", name), known.Count == 1 ? known[0] : $"{string.Join(", ", known.SkipLast(1))} and {known[^1]}");
            }
            else if (values.Count > 1)
            {
                Invalid($"query.{name}", "The parameter is repeated.", "Send it once.");
            }
        }
    }

    /// <summary>The path of a member, with its name cut to a bearable length.</summary>
    public static string Path(string parent, string name)
    {
        const int longest = 64;
        var shown = name.Length <= longest ? name : name[..longest] + "…";
        return parent.Length == 0 ? shown : $"{parent}.{shown}";
    }

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
