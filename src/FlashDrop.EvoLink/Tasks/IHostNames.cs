using System.Net;
using System.Net.Sockets;

namespace FlashDrop.EvoLink.Tasks;

/// <summary>Looks up what names of hosts stand for. Safe for concurrent use.</summary>
public interface IHostNames
{
    /// <summary>Every address a host has at this moment, at least one.</summary>
    /// <param name="host">A name, or an address, which stands for itself.</param>
    /// <param name="cancellationToken">Ends the wait; a question the system has been asked may go on behind it.</param>
    /// <exception cref="SocketException">The name has no address, or nobody could be asked.</exception>
    Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>The system's resolver.</summary>
internal sealed class SystemHostNames : IHostNames
{
    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken);
}
