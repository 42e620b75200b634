using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlashDrop.EvoLink.Tests;

/// <summary>A port of this machine that gives answers, each on a connection of its own.</summary>
internal sealed class Listener(string address = "127.0.0.1") : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener = Started(address);

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Whether somebody has asked for more than was given.</summary>
    public bool HasMore => _listener.Pending();

    /// <summary>Reads one request after the other, gives each its answer if there is one, and closes its connection.</summary>
    /// <returns>The requests as they came.</returns>
    public async Task<IReadOnlyList<string>> ServeAsync(params IReadOnlyList<string?> answers)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var received = new List<string>();
        foreach (var answer in answers)
        {
            received.Add(await ServeAsync(answer, patience.Token));
        }

        return received;
    }

    public void Dispose() => _listener.Dispose();

    private static TcpListener Started(string address)
    {
        var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        return listener;
    }

    private static bool IsWhole(string received)
    {
        var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return false;
        }

        const string Header = "Content-Length: ";
        var start = received.IndexOf(Header, StringComparison.Ordinal);
        return start < 0 || start > head
            || received.Length - head - 4 >= int.Parse(received.AsSpan(start + Header.Length, received.IndexOf('\r', start) - start - Header.Length));
    }

    private async Task<string> ServeAsync(string? answer, CancellationToken cancellationToken)
    {
        using var client = await _listener.AcceptTcpClientAsync(cancellationToken);
        await using var stream = client.GetStream();
        var received = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!IsWhole(received.ToString()))
        {
            var read = await stream.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                break;
            }

            received.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        if (answer is not null)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), cancellationToken);
        }

        return received.ToString();
    }
}
