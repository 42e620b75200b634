using System.Security.Cryptography;
using System.Text;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Jobs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Callers;

/// <summary>
/// The callers of the configuration and of the table, in memory. The table is read again in the background at half its allowed age, and before
/// an answer when that is over; while it cannot be read, what was known last goes on. Safe for concurrent use.
/// </summary>
internal sealed class CallerDirectory : ICallerDirectory, ICallerBook
{
    /// <summary>Unknown keys, however many, cause one reading in this time: one may have been made on another instance a moment ago.</summary>
    public static readonly TimeSpan UnknownKeyPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestReading = TimeSpan.FromSeconds(30);

    private readonly ICallerStore _store;
    private readonly TimeProvider _time;
    private readonly TimeSpan _age;
    private readonly ILogger<CallerDirectory> _logger;
    private readonly Dictionary<string, CallerRecord> _configured;
    private readonly Lock _lock = new();
    private Known _known;
    private Task? _reading;
    private DateTimeOffset _retryAt;
    private int _changes;

    public CallerDirectory(
        IOptions<CallersOptions> callers, IOptions<GatewayOptions> options, ICallerStore store, TimeProvider time, ILogger<CallerDirectory> logger)
    {
        (_store, _time, _age, _logger) = (store, time, options.Value.CallersAge, logger);
        _configured = callers.Value.Callers.ToDictionary(caller => caller.Key, caller => RecordOf(caller.Key, caller.Value), StringComparer.Ordinal);
        _known = new Known(_configured.Values, ReadAt: null);
    }

    /// <summary>The callers of the configuration, by name.</summary>
    public IReadOnlyDictionary<string, CallerRecord> Configured => _configured;

    public async ValueTask<Caller?> AuthenticateAsync(string presentedKey, CancellationToken cancellationToken)
    {
        if (presentedKey.Length is 0 or > ApiKeys.MaxLength)
        {
            return null;
        }

        var hash = HashOf(presentedKey);
        var known = await CurrentAsync(_age, cancellationToken);
        var caller = known.Find(hash, _time.GetUtcNow());
        if (caller is null)
        {
            known = await CurrentAsync(UnknownKeyPause, cancellationToken);
            caller = known.Find(hash, _time.GetUtcNow());
        }

        return caller is null && known.ReadAt is null
            ? throw new StorageUnavailableException("The callers have not been read yet, so nobody knows whose key it is.")
            : caller;
    }

    public async ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) =>
        (await CurrentAsync(_age, cancellationToken)).ByName;

    /// <summary>The table was changed from here: it is read again before the next answer.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _known = _known with { ReadAt = _known.ReadAt is null ? null : DateTimeOffset.MinValue };
            _reading = null;
            _retryAt = default;
            _changes++;
        }
    }

    private async ValueTask<Known> CurrentAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        Task reading;
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            var known = _known;
            var old = known.ReadAt is { } at ? now - at : TimeSpan.MaxValue;
            if (old < (age < _age ? age : age / 2) || now < _retryAt)
            {
                return known;
            }

            reading = _reading is { IsCompleted: false } running ? running : _reading = ReadAsync();
            if (old < age)
            {
                return known;
            }
        }

        try
        {
            await reading.WaitAsync(Patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The table is slow: what was known last goes on, and the reading does as well.
        }

        lock (_lock)
        {
            return _known;
        }
    }

    /// <summary>Reads the table; never fails.</summary>
    private async Task ReadAsync()
    {
        var changes = _changes;
        using var patience = new CancellationTokenSource(LongestReading, _time);
        try
        {
            var now = _time.GetUtcNow();
            List<CallerRecord> callers = [.. _configured.Values];
            await foreach (var stored in _store.ListAsync(patience.Token))
            {
                if (_configured.ContainsKey(stored.Caller.Name))
                {
                    Http.Log.CallerShadowed(_logger, stored.Caller.Name);
                }
                else if (!stored.Caller.IsDisabled)
                {
                    callers.Add(stored.Caller);
                }
            }

            lock (_lock)
            {
                // What was read before a change from here is outdated already.
                _known = new Known(callers, changes == _changes ? now : DateTimeOffset.MinValue);
            }
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _retryAt = _time.GetUtcNow() + RetryAfterFailure;
            }

            Http.Log.CallersUnreadable(_logger, exception);
        }
    }

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static CallerRecord RecordOf(string name, CallerSettings settings) => new()
    {
        Name = name,
        IsAdmin = settings.Admin,
        TierPolicy = TierPolicies.TryParse(settings.TierPolicy, out var policy) ? policy : TierPolicy.Standard,
        Limits = settings.Limits,
        Keys =
        [
            .. settings.KeyHashes.Where(hash => ApiKeys.TryParseHash(hash, out _)).Select(hash => new CallerKey
            {
                Id = ApiKeys.IdOf(hash), Hash = hash, Hint = "", CreatedAt = default,
            }),
        ],
        CreatedAt = default,
        UpdatedAt = default,
    };

    /// <summary>What was read at a time; null for the configuration alone.</summary>
    private sealed record Known
    {
        private readonly Dictionary<int, List<(byte[] Hash, CallerKey Key, Caller Caller)>> _keys = [];

        public Known(IEnumerable<CallerRecord> callers, DateTimeOffset? ReadAt)
        {
            this.ReadAt = ReadAt;
            Dictionary<string, Caller> byName = new(StringComparer.Ordinal);
            foreach (var record in callers)
            {
                var caller = byName[record.Name] = record.ToCaller();
                foreach (var key in record.Keys)
                {
                    if (ApiKeys.TryParseHash(key.Hash, out var hash))
                    {
                        var bucket = BitConverter.ToInt32(hash);
                        if (!_keys.TryGetValue(bucket, out var keys))
                        {
                            _keys[bucket] = keys = [];
                        }

                        keys.Add((hash, key, caller));
                    }
                }
            }

            ByName = byName;
        }

        public DateTimeOffset? ReadAt { get; init; }

        public IReadOnlyDictionary<string, Caller> ByName { get; }

        /// <summary>The first bytes of a hash say nothing about a key; the rest is compared in constant time.</summary>
        public Caller? Find(byte[] hash, DateTimeOffset now)
        {
            Caller? found = null;
            foreach (var (candidate, key, caller) in _keys.GetValueOrDefault(BitConverter.ToInt32(hash)) ?? [])
            {
                found = CryptographicOperations.FixedTimeEquals(candidate, hash) && key.IsValidAt(now) ? caller : found;
            }

            return found;
        }
    }
}
