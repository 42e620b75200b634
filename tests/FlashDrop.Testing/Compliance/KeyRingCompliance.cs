using FlashDrop.EvoLink.Keys;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every key ring does. Each test gets a ring of its own.</summary>
public abstract class KeyRingCompliance
{
    private const string One = "sk-one-5b1f";
    private const string Two = "sk-two-9c4e";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A ring over a place that has no key yet.</summary>
    protected abstract IKeyRing Create();

    /// <summary>Puts a key in the place of whatever is there.</summary>
    protected abstract void Put(string secret);

    /// <summary>Lets so much time pass that a ring which keeps keys in memory looks again.</summary>
    protected abstract Task AgeAsync(IKeyRing ring);

    [Fact]
    public async Task Key_that_is_there_is_returned_again_and_again()
    {
        var ring = Create();
        Put(One);

        var first = await ring.GetAsync(Stop);

        Assert.Equal(One, first.Secret);
        Assert.Equal(first, await ring.GetAsync(Stop));
    }

    [Fact]
    public async Task Missing_key_is_an_error_that_says_what_to_do_and_a_refusal_then_has_no_other()
    {
        var ring = Create();

        var unavailable = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await ring.GetAsync(Stop));

        Assert.NotEmpty(unavailable.Message);
        Assert.Null(await ring.ReplaceAsync(new ApiKey(One, "gone"), Stop));
    }

    [Fact]
    public async Task Rotated_key_comes_into_force_by_itself()
    {
        var ring = Create();
        Put(One);
        await ring.GetAsync(Stop);
        Put(Two);

        await AgeAsync(ring);

        Assert.Equal(Two, (await ring.GetAsync(Stop)).Secret);
    }

    [Fact]
    public async Task Refused_key_is_replaced_at_once_by_the_one_it_was_rotated_to()
    {
        var ring = Create();
        Put(One);
        var refused = await ring.GetAsync(Stop);
        Put(Two);

        var other = await ring.ReplaceAsync(refused, Stop);

        Assert.Equal(Two, other?.Secret);
        Assert.Equal(other, await ring.GetAsync(Stop));
    }

    [Fact]
    public async Task Refused_key_without_another_has_no_replacement_and_stays()
    {
        var ring = Create();
        Put(One);
        var refused = await ring.GetAsync(Stop);

        Assert.Null(await ring.ReplaceAsync(refused, Stop));
        Assert.Null(await ring.ReplaceAsync(refused, Stop));

        Assert.Equal(refused, await ring.GetAsync(Stop));
    }

    [Fact]
    public async Task Refusals_of_one_key_at_once_and_later_all_get_the_same_other()
    {
        var ring = Create();
        Put(One);
        var refused = await ring.GetAsync(Stop);
        Put(Two);

        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ring.ReplaceAsync(refused, Stop).AsTask()));

        Assert.All(others, other => Assert.Equal(Two, other?.Secret));
        Assert.Equal(Two, (await ring.ReplaceAsync(refused, Stop))?.Secret);
        Assert.Equal(Two, (await ring.GetAsync(Stop)).Secret);
    }

    [Fact]
    public async Task Replacement_that_is_refused_too_has_none_and_the_newest_stays()
    {
        var ring = Create();
        Put(One);
        var refused = await ring.GetAsync(Stop);
        Put(Two);
        var other = await ring.ReplaceAsync(refused, Stop);

        Assert.Null(await ring.ReplaceAsync(other!, Stop));

        Assert.Equal(Two, (await ring.GetAsync(Stop)).Secret);
    }

    [Fact]
    public async Task Cancelled_call_ends_as_cancelled_and_leaves_the_ring_as_it_was()
    {
        var ring = Create();
        Put(One);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ring.GetAsync(cancelled.Token));
        var key = await ring.GetAsync(Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ring.GetAsync(cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ring.ReplaceAsync(key, cancelled.Token));

        Assert.Equal(key, await ring.GetAsync(Stop));
    }

    [Fact]
    public async Task No_text_shows_the_secret()
    {
        var ring = Create();
        Put(One);
        var key = await ring.GetAsync(Stop);
        await ring.ReplaceAsync(key, Stop);

        Assert.DoesNotContain(One, key.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(One, key.Version, StringComparison.Ordinal);
        Assert.DoesNotContain(One, ring.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_without_a_key_does_not_show_the_refused_one()
    {
        var ring = Create();
        await ring.ReplaceAsync(new ApiKey(One, "refused"), Stop);

        var unavailable = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await ring.GetAsync(Stop));

        Assert.DoesNotContain(One, unavailable.ToString(), StringComparison.Ordinal);
    }
}
