using System.Net;
using System.Text;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.Gateway.Urls;

/// <summary>
/// Decides by its text whether a URL may be handed to the upstream to fetch: public https ones may. What a name stands for is
/// <see cref="InputHosts"/>' business.
/// </summary>
internal sealed class UrlGuard(IEnumerable<int> allowedPorts, bool allowLoopback)
{
    /// <summary>The longest URL taken, in characters.</summary>
    public const int MaxLength = 2048;

    /// <summary>The longest name a host can have.</summary>
    private const int MaxName = 253;

    private static readonly string[] PrivateSuffixes = [".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp"];

    private readonly HashSet<int> _allowedPorts = [.. allowedPorts.DefaultIfEmpty(443)];

    /// <summary>Reads a URL and checks it.</summary>
    /// <returns>The URL, or what is wrong and what to do about it.</returns>
    public (Uri? Url, string? Message, string? Remedy) Check(string text)
    {
        const string remedy = "Send a public https URL that is readable without credentials, for example https://files.example.com/a/standup.mp3.";
        if (text.Length is 0 or > MaxLength)
        {
            return (null, $"The URL has {text.Length} characters; 1 to {MaxLength} are taken.", remedy);
        }

        if (text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '\\') || !Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            return (null, "This is not an absolute URL.", remedy);
        }

        if (url.UserInfo.Length > 0 || AuthorityOf(text).Contains('@'))
        {
            return (null, "The URL holds credentials.", "Remove them; use a signed URL or upload the file instead.");
        }

        if (allowLoopback && url.IsLoopback && url.Scheme is "http" or "https" && IsThisMachine(url.IdnHost))
        {
            return (url, null, null);
        }

        if (url.Scheme is not "https")
        {
            return (null, $"The URL's scheme is '{url.Scheme}'; only https is taken.", remedy);
        }

        if (!_allowedPorts.Contains(url.Port))
        {
            return (null, $"Port {url.Port} is not allowed.", $"Use one of these ports: {string.Join(", ", _allowedPorts.Order())}.");
        }

        // Written in other scripts, a host may mean something else to whoever fetches it (full-width digits are an address to some).
        return Ascii.IsValid(AuthorityOf(text)) && IsPublicHost(url.IdnHost)
            ? (url, null, null)
            : (null, $"The host '{url.IdnHost}' is not a public one.", remedy);
    }

    private static ReadOnlySpan<char> AuthorityOf(string text)
    {
        var start = text.IndexOf("//", StringComparison.Ordinal);
        var rest = start < 0 ? [] : text.AsSpan(start + 2);
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsPublicHost(string host)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return PublicAddress.IsPublic(address);
        }

        var name = host.TrimEnd('.').ToLowerInvariant();
        var last = name[(name.LastIndexOf('.') + 1)..];

        // A last label of digits is an address in some reader's eyes; a name without a dot is one of the local network.
        return name.Length <= MaxName
            && name.Contains('.', StringComparison.Ordinal)
            && last.Length > 0
            && char.IsAsciiLetter(last[0])
            && !PrivateSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));
    }
}
