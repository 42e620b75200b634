using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlashDrop.Gateway.Jobs;

/// <summary>
/// Decides which URLs may be handed to the upstream to fetch: public https ones. Names are not resolved; this process fetches none of them.
/// </summary>
internal sealed class UrlGuard(IEnumerable<int> allowedPorts, bool allowLoopback)
{
    /// <summary>The longest URL taken, in characters.</summary>
    public const int MaxLength = 2048;

    private static readonly string[] PrivateSuffixes = [".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp"];

    private static readonly IPNetwork[] PrivateNetworks =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    // Global unicast; everything else in IPv6 is local, mapped, translated or reserved.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] PrivateInGlobalUnicast =
        [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

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
            return IsPublicAddress(address);
        }

        var name = host.TrimEnd('.').ToLowerInvariant();
        var last = name[(name.LastIndexOf('.') + 1)..];

        // A last label of digits is an address in some reader's eyes; a name without a dot is one of the local network.
        return name.Contains('.', StringComparison.Ordinal)
            && last.Length > 0
            && char.IsAsciiLetter(last[0])
            && !PrivateSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));
    }

    private static bool IsPublicAddress(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetwork
            ? !PrivateNetworks.Any(network => network.Contains(address))
            : GlobalUnicast.Contains(address) && !PrivateInGlobalUnicast.Any(network => network.Contains(address));
    }
}
