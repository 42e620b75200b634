using System.Net;
using System.Net.Sockets;

namespace FlashDrop.EvoLink.Tasks;

/// <summary>Tells addresses of the public internet from those of private networks, this machine and cloud metadata.</summary>
public static class PublicAddress
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",

            // Looks public, but is the platform's own endpoint on every Azure machine.
            "168.63.129.16/32",

            // Inside 2000::/3, the only public range of IPv6: protocol assignments (Teredo too), documentation, 6to4.
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    /// <summary>Where networks without IPv4 put it (RFC 6052): their resolvers give such addresses for the names of public hosts.</summary>
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether an address is one of the public internet. An IPv4 address mapped or translated into IPv6 counts as what it is.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 || Translated.Contains(address) ? address.MapToIPv4() : address;
        return (plain.AddressFamily == AddressFamily.InterNetwork || PublicV6.Contains(plain))
            && !Array.Exists(NotPublic, network => network.Contains(plain));
    }
}
