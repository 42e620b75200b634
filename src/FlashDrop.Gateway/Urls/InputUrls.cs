using System.Text.Json;
using FlashDrop.Gateway.Http;

namespace FlashDrop.Gateway.Urls;

/// <summary>
/// The URLs of one request that the upstream is to fetch. Each is checked as it is found; what is kept is bounded: the first one that may not be
/// used, and the names to look up. Not safe for concurrent use.
/// </summary>
internal sealed class InputUrls(UrlGuard guard)
{
    /// <summary>The code of a URL that may not be used.</summary>
    public const string Forbidden = "forbidden_url";

    /// <summary>Most hosts the URLs of a request may name.</summary>
    public const int MaxHosts = 32;

    private readonly Dictionary<string, string> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The first URL that may not be used.</summary>
    public FieldError? Error { get; private set; }

    /// <summary>Hosts that are names, each with the field that named it first.</summary>
    public IReadOnlyDictionary<string, string> Hosts => _hosts;

    /// <summary>Takes a URL.</summary>
    /// <returns>The URL, or what is wrong with it.</returns>
    public (Uri? Url, FieldError? Error) Take(string text, string field)
    {
        var (url, message, remedy) = guard.Check(text);
        var error = url is null ? new FieldError(field, Forbidden, message!, remedy!) : TakeHost(url, field);
        Error ??= error;
        return error is null ? (url, null) : (null, error);
    }

    /// <summary>Takes a value the upstream may read as a URL, if it is a string and its bytes are not in it.</summary>
    public void Take(in Utf8JsonReader value, Func<string> field)
    {
        if (Error is not null
            || value.TokenType != JsonTokenType.String
            || (!value.HasValueSequence && value.ValueSpan.StartsWith("data:"u8))
            || value.GetString() is not { } text
            || text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        Take(text, field());
    }

    private FieldError? TakeHost(Uri url, string field)
    {
        // This machine passes only where it is allowed, and is what it is.
        if (url.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 || url.IsLoopback || _hosts.ContainsKey(url.IdnHost))
        {
            return null;
        }

        if (_hosts.Count == MaxHosts)
        {
            return new FieldError(
                field, "too_many_hosts", $"The URLs of the request name more than {MaxHosts} hosts.", $"Name at most {MaxHosts} in one request, or send the files inline.");
        }

        _hosts.Add(url.IdnHost, field);
        return null;
    }
}
