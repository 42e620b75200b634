using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every idempotency store does. Each test gets a store of its own.</summary>
public abstract class IdempotencyStoreCompliance
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<IIdempotencyStore> CreateAsync();

    [Fact]
    public async Task First_claim_wins_and_later_ones_learn_of_it()
    {
        var store = await CreateAsync();

        Assert.Equal(Claim(1), await store.ClaimAsync("acme", "key", Claim(1), Stop));
        Assert.Equal(Claim(1), await store.ClaimAsync("acme", "key", Claim(2), Stop));
        Assert.Equal(Claim(1), await store.ClaimAsync("acme", "key", Claim(1), Stop));
    }

    [Fact]
    public async Task Keys_belong_to_their_caller()
    {
        var store = await CreateAsync();
        await store.ClaimAsync("acme", "key", Claim(1), Stop);

        Assert.Equal(Claim(2), await store.ClaimAsync("other", "key", Claim(2), Stop));
        Assert.Equal(Claim(3), await store.ClaimAsync("acmek", "ey", Claim(3), Stop));
        Assert.Equal(Claim(4), await store.ClaimAsync("acme", "KEY", Claim(4), Stop));
    }

    [Fact]
    public async Task Concurrent_claims_have_one_winner_that_everybody_is_told()
    {
        var store = await CreateAsync();

        var told = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            Task.Run(() => store.ClaimAsync("acme", "key", Claim(number), Stop), Stop)));

        Assert.Single(told.Distinct());
    }

    [Fact]
    public async Task Key_may_have_any_characters_up_to_its_length()
    {
        var store = await CreateAsync();
        var key = string.Concat(Enumerable.Repeat("ä/#?\\ ", 60))[..255];

        Assert.Equal(Claim(1), await store.ClaimAsync("acme", key, Claim(1), Stop));
        Assert.Equal(Claim(1), await store.ClaimAsync("acme", key, Claim(2), Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ClaimAsync("acme", key + "x", Claim(1), Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ClaimAsync("acme", "", Claim(1), Stop));
    }

    private static IdempotencyClaim Claim(int number) =>
        new(TestJobs.Id(TestJobs.Noon, number), $"{number:x64}");
}
