using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every caller store does. Each test gets a store of its own.</summary>
public abstract class CallerStoreCompliance
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<ICallerStore> CreateAsync();

    [Fact]
    public async Task Stored_caller_is_read_as_it_was_written()
    {
        var store = await CreateAsync();
        var caller = Any("acme") with
        {
            IsAdmin = true,
            IsDisabled = true,
            TierPolicy = TierPolicy.BetaThenStandard,
            Limits = new CallerLimits { RequestsPerMinute = 7, TokensPerMinute = 5_000_000_000, Concurrent = 3, DailyBudgetUsd = 0.000_000_1m },
            Keys = [Key("one"), Key("two") with { ExpiresAt = TestJobs.Noon.AddDays(1).AddTicks(1) }],
        };

        var version = await store.AddAsync(caller, Stop);

        var found = await store.FindAsync("acme", Stop);
        Assert.Equal(version, found?.Version);
        Assert.Equal(PortJson.Write(caller), PortJson.Write(found!.Caller));
        Assert.Null(await store.FindAsync("ACME", Stop));
        Assert.Null(await store.FindAsync("other", Stop));
    }

    [Fact]
    public async Task Name_is_taken_once()
    {
        var store = await CreateAsync();

        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => store.AddAsync(Any("acme") with { Keys = [Key($"{i}")] }, Stop), Stop)));

        Assert.Single(won, version => version is not null);
        Assert.Equal(won.Single(version => version is not null), (await store.FindAsync("acme", Stop))!.Version);
    }

    [Fact]
    public async Task Update_needs_the_version_it_was_read_at()
    {
        var store = await CreateAsync();
        var first = await store.AddAsync(Any("acme"), Stop);

        var second = await store.UpdateAsync(Any("acme") with { IsAdmin = true }, first!, Stop);
        var late = await store.UpdateAsync(Any("acme") with { IsDisabled = true }, first!, Stop);
        var missing = await store.UpdateAsync(Any("nobody"), first!, Stop);

        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Null(late);
        Assert.Null(missing);
        Assert.Equal((true, false), await store.FindAsync("acme", Stop) is { Caller: var caller } ? (caller.IsAdmin, caller.IsDisabled) : default);
    }

    [Fact]
    public async Task Delete_needs_the_version_it_was_read_at()
    {
        var store = await CreateAsync();
        var first = await store.AddAsync(Any("acme"), Stop);
        var second = await store.UpdateAsync(Any("acme"), first!, Stop);

        Assert.False(await store.DeleteAsync("acme", first!, Stop));
        Assert.True(await store.DeleteAsync("acme", second!, Stop));
        Assert.False(await store.DeleteAsync("acme", second!, Stop));
        Assert.Null(await store.FindAsync("acme", Stop));
        Assert.NotNull(await store.AddAsync(Any("acme"), Stop));
    }

    [Fact]
    public async Task List_has_every_caller_by_name_and_nothing_else()
    {
        var store = await CreateAsync();
        foreach (var name in (string[])["zoo", "acme", "a-1", "drop"])
        {
            await store.AddAsync(Any(name), Stop);
        }

        List<string> names = [];
        await foreach (var stored in store.ListAsync(Stop))
        {
            Assert.Equal(stored.Version, (await store.FindAsync(stored.Caller.Name, Stop))!.Version);
            names.Add(stored.Caller.Name);
        }

        Assert.Equal(["a-1", "acme", "drop", "zoo"], names);
    }

    private static CallerRecord Any(string name) => new() { Name = name, Keys = [Key("only")], CreatedAt = TestJobs.Noon, UpdatedAt = TestJobs.Noon.AddTicks(3) };

    private static CallerKey Key(string id) => new() { Id = id, Hash = new string('a', 64), Hint = "fd_abc", CreatedAt = TestJobs.Noon };
}
