using System.Globalization;
using System.Net;
using System.Text;
using Azure.Storage.Blobs;
using FlashDrop.Azure.Storage;
using FlashDrop.Azure.Tests.Fakes;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class SignedUrlTests(AzuriteFixture azurite) : IDisposable
{
    private static readonly BlobAddress Address = new(Containers.Inbox, "p/my talk.mp3");

    private readonly HttpClient _http = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Read_url_reads_and_nothing_else()
    {
        using var store = new BlobContentStore((await azurite.CreateAccountAsync(Stop)).Blobs, TimeProvider.System);
        await store.WriteAsync(Address, "hello"u8.ToArray(), "audio/mpeg", WriteCondition.Always, null, Stop);

        var url = await store.GetReadUrlAsync(Address, TimeSpan.FromMinutes(5), Stop);

        Assert.Equal("hello", await _http.GetStringAsync(url, Stop));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(url));
        using var deleted = await _http.DeleteAsync(url, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, deleted.StatusCode);
    }

    [Fact]
    public async Task Write_url_writes_and_nothing_else()
    {
        using var store = new BlobContentStore((await azurite.CreateAccountAsync(Stop)).Blobs, TimeProvider.System);

        var url = await store.GetWriteUrlAsync(Address, TimeSpan.FromMinutes(5), Stop);

        Assert.Equal(HttpStatusCode.Created, await PutAsync(url));
        Assert.NotNull(await store.GetInfoAsync(Address, Stop));
        using var read = await _http.GetAsync(url, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, read.StatusCode);
    }

    [Fact]
    public async Task Url_past_its_lifetime_is_refused()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var yesterday = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(-1));
        using var store = new BlobContentStore(account.Blobs, yesterday);
        await store.WriteAsync(Address, "hello"u8.ToArray(), "audio/mpeg", WriteCondition.Always, null, Stop);

        using var read = await _http.GetAsync(await store.GetReadUrlAsync(Address, TimeSpan.FromHours(1), Stop), Stop);

        Assert.Equal(HttpStatusCode.Forbidden, read.StatusCode);
    }

    [Fact]
    public async Task Identity_signs_with_a_delegation_key_that_is_fetched_anew_only_when_a_url_would_outlive_it()
    {
        var time = new FakeTimeProvider(TestJobs.Noon);
        var fetched = new List<string>();
        var options = new BlobClientOptions
        {
            Transport = new FakeTransport(async (request, token) =>
            {
                var body = new MemoryStream();
                await request.Content!.WriteToAsync(body, token);
                fetched.Add(Encoding.UTF8.GetString(body.ToArray()));
                return DelegationKey(fetched[^1]);
            }),
        };
        using var store = new BlobContentStore(
            new BlobServiceClient(new Uri("https://account.blob.core.windows.net"), new FakeCredential(), options), time);

        var first = await store.GetReadUrlAsync(Address, TimeSpan.FromHours(2), Stop);
        await store.GetWriteUrlAsync(Address, TimeSpan.FromHours(2), Stop);
        Assert.Single(fetched);
        time.Advance(TimeSpan.FromHours(21));
        await store.GetReadUrlAsync(Address, TimeSpan.FromHours(2), Stop);
        Assert.Single(fetched);
        time.Advance(TimeSpan.FromHours(1));
        var later = await store.GetReadUrlAsync(Address, TimeSpan.FromHours(2), Stop);
        var longest = await store.GetReadUrlAsync(Address, TimeSpan.FromDays(7), Stop);

        Assert.Equal(3, fetched.Count);
        Assert.StartsWith("https://account.blob.core.windows.net/inbox/p/my%20talk.mp3?", first.AbsoluteUri, StringComparison.Ordinal);
        Assert.Contains("skoid=", first.Query, StringComparison.Ordinal);
        Assert.Contains("spr=https&", first.Query + "&", StringComparison.Ordinal);
        Assert.Contains("se=2026-03-14T14%3A00%3A00Z", first.Query, StringComparison.Ordinal);
        Assert.Contains("se=2026-03-15T12%3A00%3A00Z", later.Query, StringComparison.Ordinal);
        Assert.Contains("se=2026-03-22T09%3A15%3A00Z", longest.Query, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.GetReadUrlAsync(Address, TimeSpan.FromDays(8), Stop));
    }

    private static FakeResponse DelegationKey(string request)
    {
        var from = request.IndexOf("<Expiry>", StringComparison.Ordinal) + "<Expiry>".Length;
        var expiry = DateTimeOffset.Parse(request[from..request.IndexOf("</Expiry>", StringComparison.Ordinal)], CultureInfo.InvariantCulture);
        return new FakeResponse(
            200,
            $"""
            <?xml version="1.0" encoding="utf-8"?>
            <UserDelegationKey>
              <SignedOid>00000000-0000-0000-0000-000000000001</SignedOid>
              <SignedTid>00000000-0000-0000-0000-000000000002</SignedTid>
              <SignedStart>2026-03-14T11:00:00Z</SignedStart>
              <SignedExpiry>{expiry:yyyy-MM-ddTHH:mm:ssZ}</SignedExpiry>
              <SignedService>b</SignedService>
              <SignedVersion>2024-11-04</SignedVersion>
              <Value>c2VjcmV0</Value>
            </UserDelegationKey>
            """,
            ("x-ms-version", "2024-11-04"));
    }

    private async Task<HttpStatusCode> PutAsync(Uri url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = new ByteArrayContent([1]) };
        request.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var answer = await _http.SendAsync(request, Stop);
        return answer.StatusCode;
    }
}
