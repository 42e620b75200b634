namespace FlashDrop.Simulator.Faults;

/// <summary>The rules in force and how often each has been met. Safe for concurrent use.</summary>
internal sealed class FaultBook(Dice dice)
{
    private readonly Lock _gate = new();
    private Entry[] _entries = [];

    public IReadOnlyList<FaultRule> Rules
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Select(e => e.Rule)];
            }
        }
    }

    /// <summary>Replaces all rules; counters start anew.</summary>
    /// <exception cref="ArgumentException">A rule makes no sense; the message names it.</exception>
    public void Replace(IReadOnlyList<FaultRule> rules)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Problem() is { } problem)
            {
                throw new ArgumentException($"Fault rule {i}: {problem}.", nameof(rules));
            }
        }

        lock (_gate)
        {
            _entries = [.. rules.Select(r => new Entry(r))];
        }
    }

    /// <summary>Picks the fault for a request. Every rule counts every request it matches, also when an earlier rule fires.</summary>
    public PickedFault? Pick(RequestKind kind, string? model, string? prompt)
    {
        lock (_gate)
        {
            PickedFault? picked = null;
            for (var i = 0; i < _entries.Length; i++)
            {
                var entry = _entries[i];
                if (!Applies(entry.Rule.Match, kind, model, prompt))
                {
                    continue;
                }

                entry.Seen++;
                if (picked is null && Fires(entry, i))
                {
                    entry.Fired++;
                    picked = new PickedFault(entry.Rule.Name ?? $"rule {i}", entry.Rule.Action);
                }
            }

            return picked;
        }
    }

    private static bool Applies(FaultMatch match, RequestKind kind, string? model, string? prompt) =>
        (match.Kind == RequestKind.Any
            || match.Kind == kind
            || (match.Kind == RequestKind.Submit && kind is RequestKind.Generate or RequestKind.Stream or RequestKind.Chat))
        && (match.Model is null || string.Equals(match.Model, model, StringComparison.Ordinal))
        && (match.Contains is null || prompt?.Contains(match.Contains, StringComparison.Ordinal) == true);

    private bool Fires(Entry entry, int position)
    {
        var match = entry.Rule.Match;
        var limit = match.Times ?? (match.Nth is null ? int.MaxValue : 1);
        return entry.Seen >= (match.Nth ?? 1)
            && entry.Fired < limit
            && (match.Probability is not { } chance || dice.Fraction($"fault {position} {entry.Seen}") < chance);
    }

    private sealed class Entry(FaultRule rule)
    {
        public FaultRule Rule => rule;

        public int Seen { get; set; }

        public int Fired { get; set; }
    }
}

/// <summary>The fault a request met.</summary>
internal sealed record PickedFault(string Name, FaultAction Action);
