namespace FlashDrop.Core.Budgets;

/// <summary>
/// What one instance knows of one caller's day: the money of its grant that is free or reserved, and what it has to tell the ledger.
/// Safe for concurrent use; nothing in it waits.
/// </summary>
internal sealed class BudgetAccount(string caller, string instance)
{
    private readonly Lock _lock = new();
    private DateOnly _day;

    /// <summary>Free money of the grant; below 0 when calls cost more than they had reserved, or were admitted without the ledger.</summary>
    private decimal _free;
    private decimal _reserved;
    private decimal _spent;
    private decimal _uncounted;
    private decimal _held;
    private Dictionary<string, decimal> _settled = new(StringComparer.Ordinal);

    /// <summary>What everybody else had committed at the last look, and what the ledger counted as spent.</summary>
    private decimal _others;
    private decimal _spentByAll;

    /// <summary>From when on others may take this instance for gone, and its grant is not used any more.</summary>
    private DateTimeOffset _expires;
    private bool _granted;
    private bool _used;
    private long _writes;
    private LedgerWrite? _doubtful;
    private DateTimeOffset _awayUntil;
    private DateTimeOffset _writtenAt;
    private (DateTimeOffset Until, decimal Usd) _refused;

    public string Caller => caller;

    public string Instance => instance;

    /// <summary>One look at the ledger at a time.</summary>
    public Turnstile Turn { get; } = new();

    /// <summary>Until when the ledger counts as out of reach.</summary>
    public DateTimeOffset AwayUntil
    {
        get
        {
            lock (_lock)
            {
                return _awayUntil;
            }
        }

        set
        {
            lock (_lock)
            {
                _awayUntil = value;
            }
        }
    }

    /// <summary>Until when a refusal of so much money stands without another look.</summary>
    public (DateTimeOffset Until, decimal Usd) Refused
    {
        get
        {
            lock (_lock)
            {
                return _refused;
            }
        }

        set
        {
            lock (_lock)
            {
                _refused = value;
            }
        }
    }

    /// <summary>When the ledger was last written.</summary>
    public DateTimeOffset WrittenAt
    {
        get
        {
            lock (_lock)
            {
                return _writtenAt;
            }
        }

        set
        {
            lock (_lock)
            {
                _writtenAt = value;
            }
        }
    }

    /// <summary>Whether there is anything to tell the ledger, or a grant to keep or return.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _granted || HasNews;
            }
        }
    }

    /// <summary>Whether there is something to tell, or nobody has used the grant since this was last asked or the ledger written.</summary>
    public bool AskWhetherToWrite()
    {
        lock (_lock)
        {
            var write = HasNews || (_granted && !_used);
            _used &= write;
            return write;
        }
    }

    /// <summary>Whether there would be room if nothing were reserved or granted anywhere.</summary>
    public bool IsOnlyReserved(decimal budget, decimal usd)
    {
        lock (_lock)
        {
            return _spentByAll + _spent + usd <= budget;
        }
    }

    private bool HasNews => _spent != 0 || _held != 0 || _settled.Count > 0 || _uncounted != 0 || _free < 0 || _doubtful is not null;

    /// <summary>Takes money of the grant.</summary>
    public BudgetReservation? TryReserve(DateTimeOffset now, decimal usd)
    {
        lock (_lock)
        {
            TurnTo(DateOnly.FromDateTime(now.UtcDateTime));
            return usd <= _free && now < _expires ? Take(usd) : null;
        }
    }

    /// <summary>Takes money without the ledger: what was left at the last look, as if nobody else had spent since.</summary>
    public BudgetReservation? TryReserveUnseen(DateOnly day, decimal budget, decimal usd)
    {
        lock (_lock)
        {
            TurnTo(day);
            return _others + _spent + _held + _reserved + usd <= budget ? Take(usd) : null;
        }
    }

    public void Settle(DateOnly day, decimal reserved, decimal? cost)
    {
        lock (_lock)
        {
            // A call belongs to the day it was made on; what is over went with it.
            if (day == _day)
            {
                _reserved -= reserved;
                _free += reserved - (cost ?? reserved);
                _spent += cost ?? reserved;
                _uncounted += cost is null ? reserved : 0;
            }
        }
    }

    public void Hold(DateOnly day, decimal reserved)
    {
        lock (_lock)
        {
            if (day == _day)
            {
                _reserved -= reserved;
                _held += reserved;
            }
        }
    }

    public void SettleHeld(DateOnly today, HeldBudget held, decimal? cost, bool counted)
    {
        lock (_lock)
        {
            TurnTo(today);
            if (held.Day == _day)
            {
                var reserved = held.Usd;
                if (held.Instance == instance)
                {
                    _held -= reserved;
                }
                else
                {
                    _settled[held.Instance] = _settled.GetValueOrDefault(held.Instance) + reserved;
                }

                _spent += cost ?? reserved;
                _uncounted += cost is null || !counted ? cost ?? reserved : 0;
            }
        }
    }

    /// <summary>Learns whether a write whose fate was unknown is in the ledger, and moves on to the ledger's day when that is later.</summary>
    public void See(BudgetLedger ledger)
    {
        lock (_lock)
        {
            TurnTo(ledger.Day);
            if (_doubtful is { } write)
            {
                _doubtful = null;
                if (ledger.Grants.GetValueOrDefault(instance)?.Number == write.Number)
                {
                    Done(write);
                }
                else
                {
                    _free += write.Returned;
                }
            }

            if (_granted && ledger.Grants.GetValueOrDefault(instance) is null or { IsGone: true })
            {
                // Others took this instance for gone.
                (_free, _granted) = (Math.Min(_free, 0), false);
            }
        }
    }

    /// <summary>
    /// The ledger with this instance's news and a grant that has room for <paramref name="usd"/> more if the budget has; null when there is
    /// nothing to write. The write counts as doubtful until <see cref="Written"/> or <see cref="See"/>.
    /// </summary>
    public LedgerWrite? Write(BudgetLedger ledger, decimal budget, decimal usd, decimal chunk, DateTimeOffset expires)
    {
        lock (_lock)
        {
            var grants = new Dictionary<string, BudgetGrant>(ledger.Grants, StringComparer.Ordinal);
            var heldByAll = ledger.HeldUsd - (grants.Remove(instance, out var before) ? before.SettledUsd : 0);
            foreach (var (other, settled) in _settled)
            {
                if (grants.GetValueOrDefault(other) is not { } grant || grant is { Usd: 0, IsGone: false })
                {
                    // It had nothing left when it wrote last: what it had reserved is among what is held.
                    heldByAll -= settled;
                }
                else if (!grant.IsGone)
                {
                    grants[other] = grant with { SettledUsd = grant.SettledUsd + settled };
                }
            }

            _spentByAll = ledger.SpentUsd;
            _others = ledger.SpentUsd + heldByAll + grants.Values.Sum(grant => grant.Usd - grant.SettledUsd);
            var room = Math.Max(0, budget - _others - _spent - _held - _reserved);
            var wanted = usd > 0 ? Math.Max(usd, chunk) : _used ? Math.Min(Math.Max(_free, 0), chunk) : 0;
            var free = Math.Min(wanted, room);
            if (free < usd)
            {
                // Not enough for what is asked; what was free before stays, as far as there is room.
                free = Math.Min(Math.Max(_free, 0), room);
            }

            if (free < usd && !HasNews)
            {
                return null;
            }

            // An empty grant is written for its number, and goes when it expires.
            var granted = free + _reserved;
            grants[instance] = new BudgetGrant(granted, ++_writes, expires);
            var write = new LedgerWrite(
                ledger with
                {
                    SpentUsd = ledger.SpentUsd + _spent,
                    UncountedUsd = ledger.UncountedUsd + _uncounted,
                    HeldUsd = heldByAll + _held,
                    Grants = grants,
                },
                _writes, _spent, _uncounted, _held, _settled, Added: Math.Max(0, free - _free), Returned: Math.Max(0, _free - free), granted > 0, expires);

            // What is returned must not be spent meanwhile; what is granted not before it is certain.
            _free -= write.Returned;
            _settled = new Dictionary<string, decimal>(_settled, StringComparer.Ordinal);
            _doubtful = write;
            _used = false;
            return write;
        }
    }

    /// <summary>The write is in the ledger.</summary>
    public void Written(LedgerWrite write)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_doubtful, write))
            {
                _doubtful = null;
                Done(write);
            }
        }
    }

    private void Done(LedgerWrite write)
    {
        _others += write.Spent + write.Held;
        _spentByAll += write.Spent;
        _spent -= write.Spent;
        _uncounted -= write.Uncounted;
        _held -= write.Held;
        foreach (var (other, settled) in write.Settled)
        {
            if ((_settled[other] -= settled) == 0)
            {
                _settled.Remove(other);
            }
        }

        _free += write.Added;
        (_granted, _expires) = (write.Granted, write.Expires);
    }

    private BudgetReservation Take(decimal usd)
    {
        _free -= usd;
        _reserved += usd;
        _used = true;
        return new BudgetReservation(this, _day, usd);
    }

    private void TurnTo(DateOnly day)
    {
        if (day > _day)
        {
            _day = day;
            (_free, _reserved, _spent, _uncounted, _held, _others) = (0, 0, 0, 0, 0, 0);
            (_granted, _spentByAll, _doubtful, _refused) = (false, 0, null, default);
            _settled = new Dictionary<string, decimal>(StringComparer.Ordinal);
        }
    }
}

/// <summary>One write of the ledger, to be told again from others.</summary>
internal sealed record LedgerWrite(
    BudgetLedger Ledger, long Number, decimal Spent, decimal Uncounted, decimal Held, IReadOnlyDictionary<string, decimal> Settled,
    decimal Added, decimal Returned, bool Granted, DateTimeOffset Expires);
