using System.Text;

namespace FlashDrop.Testing.Simulation;

/// <summary>What happened, line by line: a hash of all of it and the tail.</summary>
internal sealed class Trace(Action<string>? listener)
{
    private const int TailLength = 80;
    private const ulong Prime = 1_099_511_628_211;

    private readonly Queue<string> _tail = new(TailLength + 1);
    private ulong _hash = 14_695_981_039_346_656_037;

    /// <summary>FNV-1a over every line so far.</summary>
    public string Hash => $"{_hash:x16}";

    public void Add(string line)
    {
        foreach (var character in line)
        {
            _hash = (_hash ^ character) * Prime;
        }

        _tail.Enqueue(line);
        if (_tail.Count > TailLength)
        {
            _tail.Dequeue();
        }

        listener?.Invoke(line);
    }

    public string Tail() => new StringBuilder().AppendJoin('\n', _tail).ToString();
}
