using System.Security.Cryptography;
using System.Text;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Gateway.Jobs;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Callers;

/// <summary>The callers named in <see cref="CallersOptions"/>.</summary>
internal sealed class ConfigurationCallerDirectory(IOptions<CallersOptions> options) : ICallerDirectory
{
    private readonly (byte[] Hash, Caller Caller)[] _entries = [.. Entries(options.Value)];

    public ValueTask<Caller?> AuthenticateAsync(string presentedKey, CancellationToken cancellationToken)
    {
        if (presentedKey.Length is 0 or > ApiKeys.MaxLength)
        {
            return ValueTask.FromResult<Caller?>(null);
        }

        Span<byte> presented = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(presentedKey), presented);

        // Every entry is compared, whichever matches, so that the time taken tells nothing.
        Caller? found = null;
        foreach (var (hash, caller) in _entries)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, presented) ? caller : found;
        }

        return ValueTask.FromResult(found);
    }

    private static IEnumerable<(byte[] Hash, Caller Caller)> Entries(CallersOptions options)
    {
        foreach (var (name, settings) in options.Callers)
        {
            var caller = new Caller
            {
                Name = name,
                IsAdmin = settings.Admin,
                TierPolicy = TierPolicies.TryParse(settings.TierPolicy, out var policy) ? policy : TierPolicy.Standard,
                Limits = settings.Limits,
            };
            foreach (var text in settings.KeyHashes)
            {
                if (ApiKeys.TryParseHash(text, out var hash))
                {
                    yield return (hash, caller);
                }
            }
        }
    }
}
