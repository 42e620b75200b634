using FlashDrop.Core.Callers;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Callers;

/// <summary>Finds the caller of a request by the key in its headers. Keys in the query are ignored: URLs end in logs.</summary>
internal sealed class CallerAuthenticator(ICallerDirectory directory)
{
    private const string Scheme = "Bearer ";

    private static readonly string[] KeyHeaders = ["x-api-key", "x-goog-api-key", "api-key"];

    /// <summary>The caller, or null; and whether any key was offered.</summary>
    public async ValueTask<(Caller? Caller, bool KeyOffered)> AuthenticateAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // A proxy may add a credential of its own, so one that is not ours does not end the search.
        var offered = false;
        foreach (var key in KeysOf(request))
        {
            offered = true;
            if (key.Length <= ApiKeys.MaxLength && await directory.AuthenticateAsync(key, cancellationToken) is { } caller)
            {
                return (caller, true);
            }
        }

        return (null, offered);
    }

    /// <summary>The keys offered, at most one per header, in order of precedence.</summary>
    internal static IEnumerable<string> KeysOf(HttpRequest request)
    {
        var authorization = request.Headers.Authorization;
        if (authorization is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && value[Scheme.Length..].Trim() is { Length: > 0 } token)
        {
            yield return token;
        }

        foreach (var header in KeyHeaders)
        {
            if (request.Headers[header] is [{ } text] && text.Trim() is { Length: > 0 } key)
            {
                yield return key;
            }
        }
    }
}
