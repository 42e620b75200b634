using Azure;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using FlashDrop.EvoLink.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Azure.Keys;

/// <summary>
/// The upstream key from Key Vault, answered from memory. A key past its age is still handed out while the next one is fetched in the
/// background; when the vault is away the last good key stays. During a rotation two versions are live: a refused one is passed over
/// for the other, be it newer or older.
/// </summary>
internal sealed partial class KeyVaultKeyRing(
    SecretClient secrets, IOptions<KeyVaultOptions> options, TimeProvider timeProvider, ILogger<KeyVaultKeyRing> logger) : IKeyRing
{
    // Older versions looked at when the newest is refused and no other is known.
    private const int VersionsListed = 25;

    private readonly KeyVaultOptions _options = options.Value;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _refused = new(StringComparer.Ordinal);
    private ApiKey? _current;
    private ApiKey? _previous;
    private DateTimeOffset _refreshAt;
    private DateTimeOffset _lastFetchAt = DateTimeOffset.MinValue;
    private bool _searched;
    private KeyUnavailableException? _failure;
    private Task? _fetch;

    /// <summary>The fetch under way, or a completed task.</summary>
    internal Task Pending
    {
        get
        {
            lock (_lock)
            {
                return _fetch ?? Task.CompletedTask;
            }
        }
    }

    public async ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task fetch;
        lock (_lock)
        {
            var now = timeProvider.GetUtcNow();
            if (_current is not null)
            {
                if (now >= _refreshAt)
                {
                    _ = Fetch();
                }

                return Best(now)!;
            }

            if (_fetch is null && _failure is not null && now < _lastFetchAt + _options.RetryInterval)
            {
                // Asking a vault that just refused for every request would only make it throttle.
                throw new KeyUnavailableException(_failure.Message, _failure);
            }

            fetch = Fetch();
        }

        await fetch.WaitAsync(cancellationToken);
        lock (_lock)
        {
            return Best(timeProvider.GetUtcNow()) ?? throw new KeyUnavailableException(_failure!.Message, _failure);
        }
    }

    public async ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken)
    {
        // The first round may only join a refresh that does not look for older versions; the second one then does.
        for (var round = 0; round < 2; round++)
        {
            Task fetch;
            lock (_lock)
            {
                var now = timeProvider.GetUtcNow();
                if (round == 0)
                {
                    _refused[rejected.Secret] = now;
                    Forget(now);
                }

                if (Unrefused() is { } other)
                {
                    LogReplaced(logger, rejected.Version, other.Version);
                    return other;
                }

                var justAsked = now < _lastFetchAt + _options.RetryInterval && (_searched || _failure is not null);
                if (_fetch is null && justAsked)
                {
                    break;
                }

                fetch = Fetch(search: true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            await fetch.WaitAsync(cancellationToken);
        }

        ApiKey? next;
        lock (_lock)
        {
            next = Unrefused();
        }

        if (next is null)
        {
            LogNoOther(logger, rejected.Version, _options.SecretName);
        }
        else
        {
            LogReplaced(logger, rejected.Version, next.Version);
        }

        return next;
    }

    /// <summary>The fetch under way, or a new one. Under the lock.</summary>
    private Task Fetch(bool search = false)
    {
        if (_fetch is { } running)
        {
            return running;
        }

        _lastFetchAt = timeProvider.GetUtcNow();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fetch = done.Task;
        _ = Task.Run(() => FetchAsync(search, done), CancellationToken.None);
        return done.Task;
    }

    private async Task FetchAsync(bool search, TaskCompletionSource done)
    {
        ApiKey? fetched = null;
        ApiKey? older = null;
        KeyUnavailableException? failure = null;
        try
        {
            fetched = await ReadAsync(version: null);
            if (search && IsRefused(fetched) && !HasOther(fetched))
            {
                older = await FindOlderAsync(fetched);
            }
        }
        catch (Exception exception)
        {
            failure = Explain(exception);
            LogFailed(logger, _options.SecretName, failure);
        }

        lock (_lock)
        {
            var now = timeProvider.GetUtcNow();
            if (fetched is not null)
            {
                if (_current is { } current && current.Secret != fetched.Secret)
                {
                    LogRotated(logger, current.Version, fetched.Version);
                    _previous = current;
                }

                _current = fetched;
                _previous = older ?? _previous;
                _refreshAt = now + _options.RefreshInterval - Spread();
                _failure = null;
                _searched = search;
            }
            else
            {
                _failure = failure;
                _refreshAt = now + _options.RetryInterval;
                _searched = false;
            }

            _fetch = null;
        }

        done.SetResult();
    }

    private async Task<ApiKey> ReadAsync(string? version)
    {
        KeyVaultSecret secret = await secrets.GetSecretAsync(_options.SecretName, version);
        var value = secret.Value?.Trim();
        return string.IsNullOrEmpty(value)
            ? throw new KeyUnavailableException(
                $"Secret '{_options.SecretName}' in {secrets.VaultUri} is empty. Store the upstream key in it.")
            : new ApiKey(value, secret.Properties.Version);
    }

    /// <summary>The newest enabled version before the refused one; right after a rotation the upstream may still want it.</summary>
    private async Task<ApiKey?> FindOlderAsync(ApiKey newest)
    {
        try
        {
            var versions = new List<SecretProperties>();
            await foreach (var version in secrets.GetPropertiesOfSecretVersionsAsync(_options.SecretName))
            {
                if (version.Enabled != false && version.Version != newest.Version
                    && (version.ExpiresOn is not { } expiry || expiry > timeProvider.GetUtcNow()))
                {
                    versions.Add(version);
                }

                if (versions.Count == VersionsListed)
                {
                    break;
                }
            }

            var candidate = versions.MaxBy(version => version.CreatedOn ?? DateTimeOffset.MinValue);
            return candidate is null ? null : await ReadAsync(candidate.Version);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or AuthenticationFailedException or KeyUnavailableException)
        {
            // Listing is a bonus that the identity may not be allowed; the newest version was read.
            LogNoVersions(logger, _options.SecretName, exception);
            return null;
        }
    }

    private bool IsRefused(ApiKey key)
    {
        lock (_lock)
        {
            return _refused.ContainsKey(key.Secret);
        }
    }

    private bool HasOther(ApiKey key)
    {
        lock (_lock)
        {
            return (_current is { } current && current.Secret != key.Secret && !_refused.ContainsKey(current.Secret))
                || (_previous is { } previous && previous.Secret != key.Secret && !_refused.ContainsKey(previous.Secret));
        }
    }

    /// <summary>The newest version that is not refused; if all are, the newest.</summary>
    private ApiKey? Best(DateTimeOffset now)
    {
        Forget(now);
        return Unrefused() ?? _current;
    }

    private ApiKey? Unrefused()
    {
        if (_current is { } current && !_refused.ContainsKey(current.Secret))
        {
            return current;
        }

        return _previous is { } previous && !_refused.ContainsKey(previous.Secret) ? previous : null;
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (secret, at) in _refused)
        {
            if (now >= at + _options.RefusalMemory)
            {
                _refused.Remove(secret);
            }
        }
    }

    private TimeSpan Spread() => _options.RefreshInterval * (_options.Jitter * Random.Shared.NextDouble());

    private KeyUnavailableException Explain(Exception exception)
    {
        var cause = exception is AggregateException { InnerExceptions: [.., var last] } ? last : exception;
        var where = $"secret '{_options.SecretName}' in {secrets.VaultUri}";
        return cause switch
        {
            KeyUnavailableException known => known,
            RequestFailedException { Status: 401 or 403 } => new KeyUnavailableException(
                $"Key Vault refuses {where}. Give the app's identity the role 'Key Vault Secrets User', enable the secret, and check the vault's firewall.",
                exception),
            RequestFailedException { Status: 404 } => new KeyUnavailableException(
                $"There is no {where}. Create it with the upstream key as its value.", exception),
            RequestFailedException { Status: 429 } => new KeyUnavailableException(
                $"Key Vault throttles reading {where}; it is tried again.", exception),
            RequestFailedException { Status: > 0 } failed => new KeyUnavailableException(
                $"Key Vault answered HTTP {failed.Status} for {where}; it is tried again.", exception),
            AuthenticationFailedException => new KeyUnavailableException(
                $"Signing in to read {where} failed. Check the app's identity and {KeyVaultOptions.Section}:ClientId.", exception),
            _ => new KeyUnavailableException(
                $"Key Vault did not answer about {where}. Check its name and the network; it is tried again.", exception),
        };
    }

    [LoggerMessage(3001, LogLevel.Information, "The upstream key was rotated from version {Old} to {New}")]
    private static partial void LogRotated(ILogger logger, string old, string @new);

    [LoggerMessage(3002, LogLevel.Warning, "Reading secret {Secret} failed; the last good key stays in use, if there is one")]
    private static partial void LogFailed(ILogger logger, string secret, Exception exception);

    [LoggerMessage(3003, LogLevel.Warning, "The upstream refused key version {Rejected}; using version {Next}")]
    private static partial void LogReplaced(ILogger logger, string rejected, string next);

    [LoggerMessage(3004, LogLevel.Error, "The upstream refused key version {Rejected} and secret {Secret} has no other; put a valid key into it")]
    private static partial void LogNoOther(ILogger logger, string rejected, string secret);

    [LoggerMessage(3005, LogLevel.Debug, "The versions of secret {Secret} could not be listed")]
    private static partial void LogNoVersions(ILogger logger, string secret, Exception exception);
}
