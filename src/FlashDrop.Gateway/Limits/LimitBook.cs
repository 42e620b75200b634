using System.Collections.Concurrent;
using FlashDrop.Core.Callers;

namespace FlashDrop.Gateway.Limits;

/// <summary>Why a call is not admitted.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Message">Which limit, and what to do.</param>
/// <param name="RetryAfter">When there may be room.</param>
internal sealed record LimitRefusal(string Code, string Message, TimeSpan RetryAfter)
{
    /// <summary>Whether the day's money is spent, rather than a moment's room.</summary>
    public bool IsBudget { get; init; }
}

/// <summary>
/// Holds callers to their limits per minute and at once. Exact for the requests of this process, where every check and its reservation are
/// one step; what other instances admit is not seen. Safe for concurrent use.
/// </summary>
internal sealed class LimitBook(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, CallerState> _states = new(StringComparer.Ordinal);

    /// <summary>Admits a call, or says why not. The lease has to be settled or disposed.</summary>
    public (MinuteLease? Lease, LimitRefusal? Refusal) Enter(Caller caller, long tokens)
    {
        if (!HasMinutes(caller))
        {
            return (MinuteLease.Free, null);
        }

        var state = StateOf(caller);
        return state.TryEnter(caller.Limits!, tokens, isCall: true, time.GetUtcNow()) is { } refusal ? (null, refusal) : (new MinuteLease(state, tokens, time), null);
    }

    /// <summary>Counts a request for a job, or says why it is not admitted. Jobs wait by themselves, so they do not count as calls at once.</summary>
    public LimitRefusal? TryJob(Caller caller) =>
        HasMinutes(caller) ? StateOf(caller).TryEnter(caller.Limits!, tokens: 0, isCall: false, time.GetUtcNow()) : null;

    /// <summary>Counts the tokens of an accepted job's prompt.</summary>
    public void Charge(Caller caller, long tokens)
    {
        if (HasMinutes(caller))
        {
            StateOf(caller).Charge(tokens, time.GetUtcNow());
        }
    }

    private static bool HasMinutes(Caller caller) =>
        caller.Limits is { } limits && (limits.RequestsPerMinute is not null || limits.TokensPerMinute is not null || limits.Concurrent is not null);

    private CallerState StateOf(Caller caller) => _states.GetOrAdd(caller.Name, static _ => new CallerState());
}

/// <summary>One admitted call. Disposing it without settling gives back everything but the request itself.</summary>
internal sealed class MinuteLease(CallerState? state, long reserved, TimeProvider time) : IDisposable
{
    private CallerState? _state = state;

    /// <summary>A lease of a caller without limits.</summary>
    public static MinuteLease Free { get; } = new(null, 0, TimeProvider.System);

    /// <summary>Replaces the reservation by what was used; what is not known stays as reserved.</summary>
    public void Settle(long? tokens) => Leave(tokens ?? reserved);

    public void Dispose() => Leave(0);

    private void Leave(long tokens) => Interlocked.Exchange(ref _state, null)?.Leave(tokens - reserved, time.GetUtcNow());
}

/// <summary>What one caller uses: two sliding minutes in buckets of a second, and its calls under way.</summary>
internal sealed class CallerState
{
    private const int Window = 60;

    private readonly Lock _lock = new();
    private readonly long[] _requests = new long[Window];
    private readonly long[] _tokens = new long[Window];
    private long _second;
    private int _running;

    public LimitRefusal? TryEnter(CallerLimits limits, long tokens, bool isCall, DateTimeOffset now)
    {
        lock (_lock)
        {
            Slide(now);
            if (isCall && _running >= limits.Concurrent)
            {
                return new LimitRefusal("concurrent_requests", $"The limit of {limits.Concurrent} requests at once is reached.", TimeSpan.FromSeconds(1));
            }

            if (Wait(_requests, 1, limits.RequestsPerMinute) is { } requestWait)
            {
                return new LimitRefusal("requests_per_minute", $"The limit of {limits.RequestsPerMinute} requests per minute is reached.", requestWait);
            }

            if (Wait(_tokens, Math.Max(tokens, 1), limits.TokensPerMinute) is { } tokenWait)
            {
                return new LimitRefusal(
                    "tokens_per_minute",
                    tokens > 0
                        ? $"The limit of {limits.TokensPerMinute} tokens per minute does not leave room for about {tokens} more."
                        : $"The limit of {limits.TokensPerMinute} tokens per minute is reached.",
                    tokenWait);
            }

            _running += isCall ? 1 : 0;
            _requests[_second % Window]++;
            _tokens[_second % Window] += tokens;
            return null;
        }
    }

    public void Charge(long tokens, DateTimeOffset now)
    {
        lock (_lock)
        {
            Slide(now);
            _tokens[_second % Window] += tokens;
        }
    }

    public void Leave(long moreTokens, DateTimeOffset now)
    {
        lock (_lock)
        {
            Slide(now);
            _running--;
            _tokens[_second % Window] += moreTokens;
        }
    }

    /// <summary>How long until there is room; null when there is.</summary>
    private TimeSpan? Wait(long[] buckets, long wanted, long? limit)
    {
        var used = buckets.Sum();
        if (limit is not { } most || used + wanted <= most)
        {
            return null;
        }

        for (var age = Window - 1; age > 0; age--)
        {
            used -= buckets[(_second - age + Window) % Window];
            if (used + wanted <= most)
            {
                return TimeSpan.FromSeconds(Window - age);
            }
        }

        return TimeSpan.FromSeconds(Window);
    }

    private void Slide(DateTimeOffset now)
    {
        var second = Math.Max(_second, now.ToUnixTimeSeconds());
        var gone = Math.Min(Window, second - _second);
        for (var i = 1; i <= gone; i++)
        {
            _requests[(_second + i) % Window] = 0;
            _tokens[(_second + i) % Window] = 0;
        }

        _second = second;
    }
}
