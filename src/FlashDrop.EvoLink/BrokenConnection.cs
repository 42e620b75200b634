using System.Net.Sockets;

namespace FlashDrop.EvoLink;

/// <summary>Tells a connection that could not be made, or broke, from mistakes of our own.</summary>
internal static class BrokenConnection
{
    /// <summary>A peer that goes away while the connection is made leaves the bare exception of the socket.</summary>
    public static bool Is(Exception exception) => exception is HttpRequestException or IOException or SocketException;
}
