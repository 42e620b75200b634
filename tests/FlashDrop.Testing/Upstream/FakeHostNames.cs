using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.Testing.Upstream;

/// <summary>A resolver under the test's control. A name nothing is said about has one public address.</summary>
public sealed class FakeHostNames : IHostNames
{
    private readonly ConcurrentDictionary<string, Func<Task<IPAddress[]>>> _answers = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<string> _asked = new();

    /// <summary>The names that were asked for, oldest first.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>Makes a name stand for these addresses; one address after the other, if it changes its mind with every question.</summary>
    public FakeHostNames Has(string host, bool changing, params string[] addresses)
    {
        var questions = -1;
        IPAddress[] all = [.. addresses.Select(IPAddress.Parse)];
        _answers[host] = () => Task.FromResult(changing ? [all[Math.Min(Interlocked.Increment(ref questions), all.Length - 1)]] : all);
        return this;
    }

    /// <summary>Makes a name stand for these addresses.</summary>
    public FakeHostNames Has(string host, params string[] addresses) => Has(host, changing: false, addresses);

    /// <summary>Makes a name unknown.</summary>
    public FakeHostNames Misses(string host)
    {
        _answers[host] = static () => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
        return this;
    }

    /// <summary>Makes the question for a name stay open, even when nobody waits any more.</summary>
    public FakeHostNames IsSilentAbout(string host)
    {
        _answers[host] = static () => new TaskCompletionSource<IPAddress[]>().Task;
        return this;
    }

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        _asked.Enqueue(host);
        return _answers.TryGetValue(host, out var answer) ? answer() : Task.FromResult<IPAddress[]>([IPAddress.Parse("93.184.215.14")]);
    }
}
