using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Simulator.Answers;

/// <summary>
/// The implicit cache: remembers the prefixes of prompts seen within the hour and says how much of a new prompt is one of
/// them. The last block of a prompt is never cached, as the model always has something left to read.
/// </summary>
internal sealed class PrefixCache(TimeProvider time, int minimumTokens)
{
    private const int Capacity = 20_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, DateTimeOffset> _seen = [];
    private readonly Queue<UInt128> _order = new();

    /// <summary>Looks a prompt up and remembers it; the result is the cached part by modality, empty on a miss.</summary>
    public Dictionary<Modality, long> LookUp(string model, IReadOnlyList<PromptBlock> blocks)
    {
        var prefixes = Prefixes(model, blocks);
        var now = time.GetUtcNow();
        lock (_gate)
        {
            var hit = 0;
            foreach (var (length, hash) in prefixes)
            {
                if (length < blocks.Count && _seen.TryGetValue(hash, out var at) && now - at <= Lifetime)
                {
                    hit = length;
                }
            }

            foreach (var (_, hash) in prefixes)
            {
                Remember(hash, now);
            }

            return PromptBlocks.Sum(blocks.Take(hit));
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _seen.Clear();
            _order.Clear();
        }
    }

    private void Remember(UInt128 hash, DateTimeOffset now)
    {
        if (_seen.ContainsKey(hash))
        {
            _seen[hash] = now;
            return;
        }

        if (_order.Count == Capacity)
        {
            _seen.Remove(_order.Dequeue());
        }

        _seen.Add(hash, now);
        _order.Enqueue(hash);
    }

    /// <summary>Hashes of every prefix long enough to be cached, with its length in blocks.</summary>
    private List<(int Length, UInt128 Hash)> Prefixes(string model, IReadOnlyList<PromptBlock> blocks)
    {
        var prefixes = new List<(int, UInt128)>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(model));
        var tokens = 0L;
        Span<byte> state = stackalloc byte[SHA256.HashSizeInBytes];
        for (var i = 0; i < blocks.Count; i++)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{blocks[i].Modality} {blocks[i].Identity.Length} {blocks[i].Identity}"));
            tokens += blocks[i].Tokens;
            if (tokens >= minimumTokens)
            {
                hash.GetCurrentHash(state);
                prefixes.Add((i + 1, System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(state)));
            }
        }

        return prefixes;
    }
}
