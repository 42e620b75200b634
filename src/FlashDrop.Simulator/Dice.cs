using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Simulator;

/// <summary>
/// Randomness without state: a throw depends on the seed and on what it is thrown for, never on the order of requests,
/// so a run repeats exactly even when hundreds of requests race.
/// </summary>
internal sealed class Dice(long seed)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public long Between(long low, long high, string purpose) => low + (long)(Throw(purpose) % (ulong)(high - low + 1));

    /// <summary>A fraction from 0 (included) to 1 (excluded).</summary>
    public double Fraction(string purpose) => (Throw(purpose) >> 11) * (1.0 / (1UL << 53));

    /// <summary>A word of small letters and digits.</summary>
    public string Word(int length, string purpose) =>
        string.Create(length, Hash(purpose), static (word, hash) =>
        {
            for (var i = 0; i < word.Length; i++)
            {
                word[i] = Letters[hash[i % hash.Length] % Letters.Length];
            }
        });

    private ulong Throw(string purpose) => BinaryPrimitives.ReadUInt64LittleEndian(Hash(purpose));

    private byte[] Hash(string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}:{purpose}"));
}
