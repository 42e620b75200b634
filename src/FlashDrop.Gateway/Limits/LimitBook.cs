using System.Collections.Concurrent;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.DropIn;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Limits;

/// <summary>What a call may use at most, before it is made.</summary>
/// <param name="Tokens">Tokens of the prompt, estimated with caution.</param>
/// <param name="CostUsd">Cost in USD if the whole output cap is used.</param>
internal readonly record struct Reservation(long Tokens, decimal CostUsd);

/// <summary>
/// Holds callers to their limits. Exact for the calls of this process: every check and its reservation are one step. A day's budget starts
/// from the usage rows of the day, read at the first call, so a restart forgets nothing that was written; what other instances spend
/// later, and what they admit per minute, is not seen. Safe for concurrent use.
/// </summary>
internal sealed class LimitBook(IJobStore store, TimeProvider time, ILogger<LimitBook> logger) : IDisposable
{
    private static readonly TimeSpan SeedPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SeedRetry = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, CallerState> _states = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _seeding = new(1);
    private DateOnly _seededDay;
    private DateTimeOffset _seedAgainAt;

    /// <summary>Admits a call, or says why not. The lease has to be settled or disposed.</summary>
    public async ValueTask<(LimitLease? Lease, DropInError? Refusal)> EnterAsync(Caller caller, Reservation reservation, CancellationToken cancellationToken)
    {
        if (caller.Limits is not { } limits)
        {
            return (LimitLease.Free, null);
        }

        if (limits.DailyBudgetUsd is not null)
        {
            await SeedAsync(cancellationToken);
        }

        var now = time.GetUtcNow();
        var state = _states.GetOrAdd(caller.Name, static _ => new CallerState());
        return state.TryEnter(limits, reservation, now) is { } refusal ? (null, refusal) : (new LimitLease(state, reservation, time, now), null);
    }

    public void Dispose() => _seeding.Dispose();

    private async ValueTask SeedAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (_seededDay == today || now < _seedAgainAt)
        {
            return;
        }

        await _seeding.WaitAsync(cancellationToken);
        try
        {
            if (_seededDay == today || now < _seedAgainAt)
            {
                return;
            }

            using var patience = new Patience(time, SeedPatience, cancellationToken);
            Dictionary<string, decimal> spent = new(StringComparer.Ordinal);
            await foreach (var usage in store.ListUsageAsync(today, patience.Token))
            {
                spent[usage.Caller] = spent.GetValueOrDefault(usage.Caller) + (usage.CostUsd ?? 0);
            }

            foreach (var (caller, sum) in spent)
            {
                _states.GetOrAdd(caller, static _ => new CallerState()).Seed(today, sum);
            }

            _seededDay = today;
        }
        catch (Exception exception) when (exception is StorageUnavailableException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Answers keep flowing while the store is away; the budget then counts what this instance spends.
            _seedAgainAt = time.GetUtcNow() + SeedRetry;
            DropInLog.SpendingUnknown(logger, exception);
        }
        finally
        {
            _seeding.Release();
        }
    }
}

/// <summary>One admitted call. Disposing it without settling gives everything back but the request itself.</summary>
internal sealed class LimitLease : IDisposable
{
    private readonly CallerState? _state;
    private readonly Reservation _reservation;
    private readonly TimeProvider _time;
    private readonly DateOnly _day;
    private bool _over;

    public LimitLease(CallerState? state, Reservation reservation, TimeProvider time, DateTimeOffset entered)
    {
        (_state, _reservation, _time) = (state, reservation, time);
        _day = DateOnly.FromDateTime(entered.UtcDateTime);
    }

    /// <summary>A lease of a caller without limits.</summary>
    public static LimitLease Free { get; } = new(null, default, TimeProvider.System, default);

    /// <summary>Replaces the reservation by what was used; what is not known stays as reserved.</summary>
    public void Settle(long? tokens, decimal? costUsd) => Leave(tokens ?? _reservation.Tokens, costUsd ?? _reservation.CostUsd);

    public void Dispose() => Leave(0, 0);

    private void Leave(long tokens, decimal costUsd)
    {
        if (_state is not null && !_over)
        {
            _over = true;
            _state.Leave(_reservation, tokens, costUsd, _day, _time.GetUtcNow());
        }
    }
}

/// <summary>What one caller uses: two sliding minutes in buckets of a second, its calls under way and its day.</summary>
internal sealed class CallerState
{
    private const int Window = 60;

    private readonly Lock _lock = new();
    private readonly long[] _requests = new long[Window];
    private readonly long[] _tokens = new long[Window];
    private long _second;
    private int _running;
    private DateOnly _day;
    private decimal _spent;
    private decimal _reserved;

    public void Seed(DateOnly day, decimal spent)
    {
        lock (_lock)
        {
            Turn(day);
            _spent = Math.Max(_spent, spent);
        }
    }

    public DropInError? TryEnter(CallerLimits limits, Reservation reservation, DateTimeOffset now)
    {
        lock (_lock)
        {
            Slide(now);
            Turn(DateOnly.FromDateTime(now.UtcDateTime));
            if (_running >= limits.Concurrent)
            {
                return Refuse("concurrent_requests", $"The limit of {limits.Concurrent} requests at once is reached.", TimeSpan.FromSeconds(1));
            }

            if (Wait(_requests, 1, limits.RequestsPerMinute) is { } requestWait)
            {
                return Refuse("requests_per_minute", $"The limit of {limits.RequestsPerMinute} requests per minute is reached.", requestWait);
            }

            if (Wait(_tokens, reservation.Tokens, limits.TokensPerMinute) is { } tokenWait)
            {
                return Refuse("tokens_per_minute", $"The limit of {limits.TokensPerMinute} tokens per minute does not leave room for about {reservation.Tokens} more.", tokenWait);
            }

            if (_spent + _reserved + reservation.CostUsd > limits.DailyBudgetUsd)
            {
                return OverBudget(limits.DailyBudgetUsd.Value, reservation, now);
            }

            _running++;
            _requests[_second % Window]++;
            _tokens[_second % Window] += reservation.Tokens;
            _reserved += reservation.CostUsd;
            return null;
        }
    }

    public void Leave(Reservation reservation, long tokens, decimal costUsd, DateOnly entered, DateTimeOffset now)
    {
        lock (_lock)
        {
            Slide(now);
            Turn(DateOnly.FromDateTime(now.UtcDateTime));
            _running--;
            _tokens[_second % Window] += tokens - reservation.Tokens;

            // A call belongs to the day it was made on; the reservations of a day that is over went with it.
            if (entered == _day)
            {
                _reserved -= reservation.CostUsd;
                _spent += costUsd;
            }
        }
    }

    private static DropInError Refuse(string code, string message, TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, code, message) { RetryAfter = wait };

    private DropInError OverBudget(decimal budget, Reservation reservation, DateTimeOffset now)
    {
        // Calls under way hold more than they will use: when that is all that is in the way, it passes soon.
        if (_reserved > 0 && _spent + reservation.CostUsd <= budget)
        {
            return Refuse("budget_reserved", "The calls under way hold what is left of the daily budget; their unused part comes back when they end.", TimeSpan.FromSeconds(5));
        }

        var midnight = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        return new DropInError(
            StatusCodes.Status402PaymentRequired,
            "daily_budget",
            $"The daily budget of {budget} USD does not leave room for this request, which may cost up to {reservation.CostUsd:0.######} USD; a lower output cap makes it cheaper.")
        {
            RetryAfter = midnight - now,
        };
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

    private void Turn(DateOnly day)
    {
        if (day > _day)
        {
            (_day, _spent, _reserved) = (day, 0, 0);
        }
    }
}
