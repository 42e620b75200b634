using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every checkpoint store does. Each test gets a store of its own.</summary>
public abstract class CheckpointStoreCompliance
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<ICheckpointStore> CreateAsync();

    [Fact]
    public async Task Unwritten_value_is_null()
    {
        var store = await CreateAsync();

        Assert.Null(await store.ReadAsync("sweep:inbox", Stop));
    }

    [Fact]
    public async Task Last_written_value_is_read()
    {
        var store = await CreateAsync();

        await store.WriteAsync("a.b:c_d-1", "one", Stop);
        await store.WriteAsync("a.b:c_d-1", "zwölf 🎧 \u0001", Stop);
        await store.WriteAsync("A.b:c_d-1", "other", Stop);

        Assert.Equal("zwölf 🎧 \u0001", await store.ReadAsync("a.b:c_d-1", Stop));
        Assert.Equal("other", await store.ReadAsync("A.b:c_d-1", Stop));
    }

    [Fact]
    public async Task Empty_and_longest_values_are_kept()
    {
        var store = await CreateAsync();
        var longest = new string('ü', 32_000);

        await store.WriteAsync("empty", "", Stop);
        await store.WriteAsync("long", longest, Stop);

        Assert.Equal("", await store.ReadAsync("empty", Stop));
        Assert.Equal(longest, await store.ReadAsync("long", Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.WriteAsync("long", longest + "x", Stop));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("ä")]
    [InlineData("a b")]
    public async Task Invalid_name_is_refused(string name)
    {
        var store = await CreateAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync(name, Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync(name, "x", Stop));
    }
}
