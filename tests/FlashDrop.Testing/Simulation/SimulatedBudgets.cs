using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Options;

namespace FlashDrop.Testing.Simulation;

/// <summary>
/// Gives every caller and the drops of every profile the same tight budget, and raises it when the faults end, so that what is held goes on.
/// Holds the ledgers against the rows: at each row and each write of a ledger, and when everything is done.
/// </summary>
internal sealed class SimulatedBudgets : ICallerBook
{
    private const decimal Raised = 1_000;

    private static readonly string[] Clients = ["caller-0", "caller-1"];
    private static readonly string[] Drops = ["drop:default", "drop:meeting-notes", "drop:quick"];

    private readonly SimulatedWorld _simulation;
    private readonly BudgetOptions _settings = new();
    private decimal _usd;
    private Exception? _broken;

    public SimulatedBudgets(SimulatedWorld simulation, decimal usd)
    {
        _simulation = simulation;
        Set(usd);
    }

    /// <summary>Drops have their budgets in the app's settings; all instances see them change at once, as a restart would have it.</summary>
    public IOptions<BudgetOptions> Settings => Options.Create(_settings);

    public ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, Caller>>(Clients.ToDictionary(
            name => name,
            name => new Caller { Name = name, Limits = new CallerLimits { DailyBudgetUsd = _usd } },
            StringComparer.Ordinal));

    /// <summary>Gives everybody more than they can spend.</summary>
    public void Raise() => Set(Raised);

    public void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw _broken;
        }
    }

    /// <summary>Called right after an effect on storage, before anything else can happen.</summary>
    public void AfterEffect(StorageCall effect)
    {
        var caller = effect.Operation switch
        {
            StorageOperations.BudgetWrite => effect.Target,
            StorageOperations.JobUpdate or StorageOperations.UsageAdd => _simulation.Invariants.RowOf(JobId.Parse(effect.Target))?.Caller,
            _ => null,
        };
        if (caller is null || _simulation.Storage.Budgets.Peek(caller) is not { } ledger)
        {
            return;
        }

        var books = BooksOf(caller, ledger);
        Check(
            books.Spent + books.UnderWay <= _usd,
            "a budget is never exceeded",
            $"{caller} has {_usd} USD a day; {books.Spent} are spent and jobs under way may spend {books.UnderWay} more.");
        CheckCovered(caller, ledger, books);
    }

    /// <summary>Everything is done, and every instance has told its ledgers so: they say what the usage rows say, and keep nothing back.</summary>
    public void AtRest()
    {
        foreach (var caller in Clients.Concat(Drops))
        {
            if (_simulation.Storage.Budgets.Peek(caller) is not { } ledger)
            {
                continue;
            }

            var books = BooksOf(caller, ledger);
            CheckCovered(caller, ledger, books);

            // An instance that died or stalled takes along what it knew, and what it had of a grant; both are the stated error.
            if (_simulation.LostMemory)
            {
                continue;
            }

            Check(
                ledger.Grants.Values.All(grant => grant.Usd == grant.SettledUsd),
                "an instance that ends returns its grant",
                $"{caller} still has {ledger.Grants.Values.Sum(grant => grant.Usd - grant.SettledUsd)} USD granted to instances that have ended.");
            if (books.IsDisturbed)
            {
                continue;
            }

            Check(
                ledger.CommittedUsd == books.Spent + books.Unknown,
                "the ledger says what was spent, and nothing stays reserved",
                $"{caller}: the rows cost {books.Spent} USD and attempts whose cost nobody knows had reserved {books.Unknown}; the ledger says {ledger.SpentUsd} spent and {ledger.HeldUsd} held.");
        }

        ThrowIfBroken();
    }

    private void CheckCovered(string caller, BudgetLedger ledger, Books books) => Check(
        ledger.CommittedUsd >= books.Spent + books.UnderWay,
        "money is reserved before it is spent",
        $"{caller}: {books.Spent} USD are spent and jobs under way may spend {books.UnderWay} more; the ledger knows of {ledger.CommittedUsd}.");

    /// <summary>What the rows say of a caller.</summary>
    private Books BooksOf(string caller, BudgetLedger ledger)
    {
        var rows = _simulation.Storage.Jobs.AllUsage().Where(usage => usage.Caller == caller).ToDictionary(usage => usage.Id, usage => usage.CostUsd, StringComparer.Ordinal);
        var books = new Books { Spent = rows.Values.Sum() ?? 0 };
        foreach (var job in _simulation.Invariants.Rows.Where(job => job.Caller == caller))
        {
            books.IsDisturbed |= _simulation.Invariants.IsDisturbed(job.Id) || _simulation.Upstream.Submissions.Count(s => s.Job == job.Id) != job.Attempts.Count;
            foreach (var attempt in job.Attempts)
            {
                var answered = rows.TryGetValue(Invariants.UsageIdOf(job.Id, attempt), out var cost);

                // An instance that died, or stalled so long that it was taken for dead, may leave jobs its ledger did not hear of: the stated error.
                if (attempt.ReservedBy is { } instance && ledger.Grants.GetValueOrDefault(instance) is { IsGone: true })
                {
                    books.Spent -= cost ?? 0;
                    continue;
                }

                books.UnderWay += attempt.EndedAt is null && !answered ? attempt.ReservedUsd ?? 0 : 0;
                books.Unknown += answered ? (cost is null ? attempt.ReservedUsd ?? 0 : 0) : IsSettled(attempt) ? 0 : attempt.ReservedUsd ?? 0;
            }
        }

        return books;
    }

    /// <summary>Whether an attempt without an answer is known to have cost nothing.</summary>
    private static bool IsSettled(Attempt attempt) => attempt.EndedAt is not null && attempt.ErrorCode is not ("unanswered" or "task_timeout");

    private void Set(decimal usd)
    {
        _usd = usd;
        foreach (var drops in Drops)
        {
            _settings.DailyUsd[drops] = usd;
        }
    }

    /// <summary>Only the first break counts; what follows from it would confuse.</summary>
    private void Check(bool holds, string promise, string detail)
    {
        if (!holds)
        {
            _broken ??= _simulation.Fail(promise, detail);
        }
    }

    private sealed record Books
    {
        /// <summary>What the usage rows cost.</summary>
        public decimal Spent { get; set; }

        /// <summary>What attempts under way have reserved.</summary>
        public decimal UnderWay { get; set; }

        /// <summary>What attempts whose cost nobody knows have reserved, those under way included.</summary>
        public decimal Unknown { get; set; }

        /// <summary>Whether a fault struck the work on any of its jobs, or one of them has another number of attempts than it made submissions.</summary>
        public bool IsDisturbed { get; set; }
    }
}
