using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Gateway.Callers;

/// <summary>Makes caller keys and the hashes that are stored in their place.</summary>
public static class ApiKeys
{
    /// <summary>What a key starts with, so that scanners for leaked secrets can tell it.</summary>
    public const string Prefix = "fd_";

    /// <summary>The longest key looked at, in characters; anything longer is refused unhashed.</summary>
    public const int MaxLength = 512;

    private const int RandomBytes = 32;

    /// <summary>A new key: <see cref="Prefix"/> and 32 random bytes in base64url, 46 characters in all. Shown once, stored nowhere.</summary>
    /// <param name="random">A cryptographic source.</param>
    public static string Create(RandomNumberGenerator random)
    {
        var bytes = new byte[RandomBytes];
        random.GetBytes(bytes);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>SHA-256 of the key's UTF-8 bytes, 64 lower-case hexadecimal digits: what <c>keyHashes</c> holds.</summary>
    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>What a key is called among its caller's: the first digits of its hash.</summary>
    internal static string IdOf(string hash) => hash[..8].ToLowerInvariant();

    /// <summary>Reads a stored hash, in either case.</summary>
    internal static bool TryParseHash(string? text, out byte[] hash)
    {
        hash = new byte[SHA256.HashSizeInBytes];
        return text is { Length: SHA256.HashSizeInBytes * 2 }
            && Convert.FromHexString(text, hash, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
