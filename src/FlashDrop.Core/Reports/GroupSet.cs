namespace FlashDrop.Core.Reports;

/// <summary>
/// Groups by key, bounded: the <c>cap</c> smallest keys are kept apart, all others are counted together. Which ones are kept does not
/// depend on the order in which they come, so runs over the same rows agree. Not safe for concurrent use.
/// </summary>
/// <typeparam name="TKey">What is grouped by.</typeparam>
/// <typeparam name="TGroup">What is counted per group.</typeparam>
/// <param name="cap">Groups kept apart at most.</param>
/// <param name="comparer">Order of the keys.</param>
/// <param name="merge">Adds the second group to the first.</param>
internal sealed class GroupSet<TKey, TGroup>(int cap, IComparer<TKey> comparer, Action<TGroup, TGroup> merge)
    where TKey : notnull
    where TGroup : class, new()
{
    private readonly Dictionary<TKey, TGroup> _groups = [];
    private readonly SortedSet<TKey> _keys = new(comparer);

    /// <summary>The groups kept apart, by key.</summary>
    public IEnumerable<(TKey Key, TGroup Group)> Ordered => _keys.Select(key => (key, _groups[key]));

    /// <summary>All others together, or null when there are none.</summary>
    public TGroup? Other { get; private set; }

    /// <summary>The group to count a key in.</summary>
    public TGroup For(TKey key)
    {
        if (_groups.TryGetValue(key, out var group))
        {
            return group;
        }

        if (_keys.Count == cap)
        {
            var largest = _keys.Max!;
            if (comparer.Compare(key, largest) > 0)
            {
                return ForOther();
            }

            merge(ForOther(), _groups[largest]);
            _groups.Remove(largest);
            _keys.Remove(largest);
        }

        _keys.Add(key);
        return _groups[key] = new TGroup();
    }

    /// <summary>The group of all others.</summary>
    public TGroup ForOther() => Other ??= new TGroup();

    /// <summary>Adds the groups of another set.</summary>
    public void Merge(GroupSet<TKey, TGroup> other)
    {
        foreach (var (key, group) in other.Ordered)
        {
            merge(For(key), group);
        }

        if (other.Other is { } rest)
        {
            merge(ForOther(), rest);
        }
    }
}
