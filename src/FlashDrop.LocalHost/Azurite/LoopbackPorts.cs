using System.Net;
using System.Net.Sockets;

namespace FlashDrop.LocalHost.Azurite;

/// <summary>Ports on 127.0.0.1.</summary>
internal static class LoopbackPorts
{
    /// <summary>Whether a port can be listened on now.</summary>
    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Ports nobody listens on now, all different.</summary>
    public static IReadOnlyList<int> FindFree(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, port: 0)).ToList();
        try
        {
            listeners.ForEach(listener => listener.Start());
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }
    }
}
