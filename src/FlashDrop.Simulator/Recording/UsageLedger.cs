using FlashDrop.Simulator.Answers;

namespace FlashDrop.Simulator.Recording;

/// <summary>What was charged. A task's charge is entered when it is created and counts from its completion on. Safe for concurrent use.</summary>
internal sealed class UsageLedger(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<UsageRecord> _charges = [];

    public UsageReport Report()
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            return UsageReport.Of([.. _charges.Where(c => c.At <= now).OrderBy(c => c.At)]);
        }
    }

    public void Charge(string id, string model, ModelAnswer answer, DateTimeOffset at, bool lost = false)
    {
        var charge = new UsageRecord
        {
            Id = id,
            AnswerId = answer.Id,
            Model = model,
            At = at,
            PromptTokens = answer.Tokens.PromptTotal,
            CachedTokens = answer.Tokens.CachedTotal,
            CandidatesTokens = answer.Tokens.Candidates,
            ThoughtsTokens = answer.Tokens.Thoughts,
            CostUsd = Prices.Of(model).Cost(answer.Tokens),
            Lost = lost,
        };
        lock (_gate)
        {
            _charges.Add(charge);
        }
    }

    /// <summary>Takes a charge back, as for a task that failed.</summary>
    public void Void(string id)
    {
        lock (_gate)
        {
            _charges.RemoveAll(c => string.Equals(c.Id, id, StringComparison.Ordinal));
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _charges.Clear();
        }
    }
}
