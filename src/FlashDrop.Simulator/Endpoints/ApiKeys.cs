using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Keys that are let in; replaceable while the simulator runs.</summary>
internal sealed class ApiKeys
{
    private const string BearerPrefix = "Bearer ";
    private const string KeyPrefix = "sk-";

    private readonly IReadOnlyList<string> _initial;
    private volatile IReadOnlyList<string> _keys;

    public ApiKeys(IReadOnlyList<string> initial) => _keys = _initial = initial;

    public void Replace(IReadOnlyList<string> keys) => _keys = keys;

    public void Reset() => _keys = _initial;

    public bool Admits(HttpRequest request)
    {
        var key = Presented(request);
        var keys = _keys;
        return key is not null && (keys.Count == 0 ? key.StartsWith(KeyPrefix, StringComparison.Ordinal) : keys.Any(k => Same(k, key)));
    }

    private static string? Presented(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? authorization[BearerPrefix.Length..].Trim()
            : request.Headers.TryGetValue("x-goog-api-key", out var key) ? key.ToString()
            : null;
    }

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
