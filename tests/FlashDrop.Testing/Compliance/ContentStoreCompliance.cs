using System.Text;
using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every content store does. Each test gets a store of its own.</summary>
public abstract class ContentStoreCompliance
{
    private static readonly BlobAddress Address = new(Containers.Results, "meeting-notes/stand up – März #1?.mp3.md");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<IContentStore> CreateAsync();

    [Fact]
    public async Task Written_blob_opens_with_content_and_properties()
    {
        var store = await CreateAsync();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["job-id"] = "01J", ["Note"] = " Grüße 🎧 ", ["empty"] = "" };

        var etag = await store.WriteAsync(Address, "hello"u8.ToArray(), "text/markdown", WriteCondition.Always, metadata, Stop);

        await using var opened = await store.OpenAsync(Address, ifMatch: null, Stop);
        Assert.NotNull(opened);
        Assert.Equal("hello", await new StreamReader(opened.Stream).ReadToEndAsync(Stop));
        Assert.Equal(Address, opened.Info.Address);
        Assert.Equal(etag, opened.Info.ETag);
        Assert.DoesNotContain('"', opened.Info.ETag);
        Assert.Equal(5, opened.Info.Length);
        Assert.Equal("text/markdown", opened.Info.ContentType);
        Assert.Equal(TimeSpan.Zero, opened.Info.LastModified.Offset);
        Assert.Equal(0, opened.Info.LastModified.Ticks % TimeSpan.TicksPerSecond);
        Assert.Equal("01J", opened.Info.Metadata["JOB_ID"]);
        Assert.Equal(" Grüße 🎧 ", opened.Info.Metadata["note"]);
        Assert.Equal("", opened.Info.Metadata["empty"]);
        Assert.Equal(3, opened.Info.Metadata.Count);
    }

    [Fact]
    public async Task Empty_blob_opens()
    {
        var store = await CreateAsync();
        await store.WriteAsync(Address, default, "text/plain", WriteCondition.Always, null, Stop);

        await using var opened = await store.OpenAsync(Address, ifMatch: null, Stop);

        Assert.Equal(0, opened!.Info.Length);
        Assert.Equal(0, await opened.Stream.ReadAsync(new byte[4], Stop));
        Assert.Equal(0, (await store.ReadRangeAsync(Address, 0, 16, Stop))!.Value.Length);
    }

    [Fact]
    public async Task Missing_blob_is_null_everywhere()
    {
        var store = await CreateAsync();

        Assert.Null(await store.OpenAsync(Address, ifMatch: null, Stop));
        Assert.Null(await store.OpenAsync(Address, ifMatch: "0x1", Stop));
        Assert.Null(await store.GetInfoAsync(Address, Stop));
        Assert.Null(await store.ReadRangeAsync(Address, 0, 10, Stop));
        Assert.False(await store.DeleteAsync(Address, ifMatch: null, Stop));
        Assert.False(await store.DeleteAsync(Address, ifMatch: "0x1", Stop));
    }

    [Fact]
    public async Task Open_of_a_replaced_version_says_so()
    {
        var store = await CreateAsync();
        var first = await store.WriteAsync(Address, "1"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);
        var second = await store.WriteAsync(Address, "2"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        await Assert.ThrowsAsync<BlobChangedException>(() => store.OpenAsync(Address, first, Stop));
        await using var opened = await store.OpenAsync(Address, $"\"{second}\"", Stop);
        Assert.NotNull(opened);
    }

    [Theory]
    [InlineData(0, 4, "0123")]
    [InlineData(8, 4, "89")]
    [InlineData(10, 4, "")]
    [InlineData(11, 4, "")]
    [InlineData(0, 100, "0123456789")]
    public async Task Range_ends_at_the_end_of_the_blob(long offset, int count, string expected)
    {
        var store = await CreateAsync();
        await store.WriteAsync(Address, "0123456789"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        var range = await store.ReadRangeAsync(Address, offset, count, Stop);

        Assert.Equal(expected, Encoding.ASCII.GetString(range!.Value.Span));
    }

    [Fact]
    public async Task Write_of_a_new_blob_only_happens_once()
    {
        var store = await CreateAsync();

        var first = await store.WriteAsync(Address, "1"u8.ToArray(), "text/plain", WriteCondition.New, null, Stop);
        var second = await store.WriteAsync(Address, "2"u8.ToArray(), "text/plain", WriteCondition.New, null, Stop);

        var info = await store.GetInfoAsync(Address, Stop);
        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal(first, info!.ETag);
        Assert.Empty(info.Metadata);
    }

    [Fact]
    public async Task Concurrent_writes_of_a_new_blob_have_one_winner_even_with_the_same_content()
    {
        var store = await CreateAsync();

        var etags = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            Task.Run(() => store.WriteAsync(Address, "same"u8.ToArray(), "text/plain", WriteCondition.New, null, Stop), Stop)));

        Assert.Single(etags, etag => etag is not null);
    }

    [Fact]
    public async Task Write_over_a_version_needs_that_version()
    {
        var store = await CreateAsync();
        var first = await store.WriteAsync(Address, "1"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        var second = await store.WriteAsync(Address, "2"u8.ToArray(), "text/plain", WriteCondition.Over(first!), null, Stop);
        var refused = await store.WriteAsync(Address, "3"u8.ToArray(), "text/plain", WriteCondition.Over(first!), null, Stop);
        var missing = await store.WriteAsync(
            Address with { Name = "none" }, "3"u8.ToArray(), "text/plain", WriteCondition.Over(first!), null, Stop);

        Assert.NotNull(second);
        Assert.Null(refused);
        Assert.Null(missing);
        Assert.Equal("2", Encoding.ASCII.GetString((await store.ReadRangeAsync(Address, 0, 9, Stop))!.Value.Span));
        Assert.Null(await store.GetInfoAsync(Address with { Name = "none" }, Stop));
    }

    [Fact]
    public async Task Delete_of_another_version_leaves_the_blob()
    {
        var store = await CreateAsync();
        var first = await store.WriteAsync(Address, "1"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);
        var second = await store.WriteAsync(Address, "2"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        Assert.False(await store.DeleteAsync(Address, first, Stop));
        Assert.NotNull(await store.GetInfoAsync(Address, Stop));
        Assert.True(await store.DeleteAsync(Address, second, Stop));
        Assert.Null(await store.GetInfoAsync(Address, Stop));
    }

    [Fact]
    public async Task Copy_has_content_type_and_metadata_and_replaces_what_was_there()
    {
        var store = await CreateAsync();
        var target = new BlobAddress(Containers.Requests, "api/01J/0");
        await store.WriteAsync(
            Address, "new"u8.ToArray(), "audio/mpeg", WriteCondition.Always,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "ü" }, Stop);
        await store.WriteAsync(target, "old"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        await store.CopyAsync(Address, target, Stop);

        await using var copy = await store.OpenAsync(target, ifMatch: null, Stop);
        Assert.Equal("new", await new StreamReader(copy!.Stream).ReadToEndAsync(Stop));
        Assert.Equal("audio/mpeg", copy.Info.ContentType);
        Assert.Equal("ü", copy.Info.Metadata["a"]);
    }

    [Fact]
    public async Task Copy_of_a_missing_blob_says_so()
    {
        var store = await CreateAsync();

        await Assert.ThrowsAsync<FileNotFoundException>(() =>
            store.CopyAsync(Address, new BlobAddress(Containers.Requests, "x"), Stop));
    }

    [Fact]
    public async Task Listing_is_in_name_order_within_the_prefix_and_container()
    {
        var store = await CreateAsync();
        foreach (var name in new[] { "b/2", "a/1", "b/1/x", "b/10", "B/1", "c" })
        {
            await store.WriteAsync(new BlobAddress(Containers.Inbox, name), "12"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);
        }

        await store.WriteAsync(new BlobAddress(Containers.Results, "b/0"), "1"u8.ToArray(), "text/plain", WriteCondition.Always, null, Stop);

        var listed = await store.ListAsync(Containers.Inbox, "b/", Stop).ToListAsync(Stop);
        var all = await store.ListAsync(Containers.Inbox, prefix: null, Stop).ToListAsync(Stop);

        Assert.Equal(["b/1/x", "b/10", "b/2"], listed.Select(blob => blob.Address.Name), StringComparer.Ordinal);
        Assert.Equal(6, all.Count);
        var info = await store.GetInfoAsync(listed[0].Address, Stop);
        Assert.Equal(info!.ETag, listed[0].ETag);
        Assert.Equal(info.LastModified, listed[0].LastModified);
        Assert.Equal(2, listed[0].Length);
        Assert.Equal("text/plain", listed[0].ContentType);
        Assert.Empty(listed[0].Metadata);
    }

    [Fact]
    public async Task Signed_urls_name_the_blob_and_end_with_its_name()
    {
        var store = await CreateAsync();

        var read = await store.GetReadUrlAsync(new BlobAddress(Containers.Inbox, "p/my talk.mp3"), TimeSpan.FromHours(1), Stop);
        var write = await store.GetWriteUrlAsync(new BlobAddress(Containers.Inbox, "p/my talk.mp3"), TimeSpan.FromHours(1), Stop);

        Assert.EndsWith("/inbox/p/my%20talk.mp3", read.AbsolutePath, StringComparison.Ordinal);
        Assert.Contains("sp=r&", read.Query + "&", StringComparison.Ordinal);
        Assert.Contains("sp=cw&", write.Query + "&", StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.GetReadUrlAsync(Address, TimeSpan.Zero, Stop));
    }
}
