using Microsoft.Extensions.Configuration;

namespace FlashDrop.EvoLink.Keys;

/// <summary>
/// The key from configuration, <c>FlashDrop:Upstream:ApiKey</c>: for local work and for hosts whose configuration is the vault.
/// The value is read at every call, so a reloaded configuration takes effect at once.
/// </summary>
/// <param name="configuration">The host's configuration.</param>
public sealed class ConfigurationKeyRing(IConfiguration configuration) : IKeyRing
{
    /// <summary>The configuration key that holds the upstream key.</summary>
    public const string ConfigurationKey = UpstreamOptions.Section + ":ApiKey";

    private const string Version = "configuration";

    /// <inheritdoc/>
    public ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Read() is { } secret
            ? ValueTask.FromResult(new ApiKey(secret, Version))
            : throw new KeyUnavailableException($"No upstream key: set {ConfigurationKey}.");
    }

    /// <inheritdoc/>
    public ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(
            Read() is { } secret && !string.Equals(secret, rejected.Secret, StringComparison.Ordinal) ? new ApiKey(secret, Version) : null);
    }

    private string? Read() => configuration[ConfigurationKey]?.Trim() is { Length: > 0 } secret ? secret : null;
}
