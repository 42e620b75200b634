using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.EvoLink.Tests;

/// <summary>One look at the document a task's result is linked to, and what is said when it cannot be had.</summary>
public sealed class LinkedResultTests
{
    private const int MaxBytes = 2_000;

    private static readonly Uri Link = new("https://files.evolink.ai/r/1.json?sig=abc");

    [Theory]
    [InlineData("{\"a\":1}", "{\"a\":1}")]
    [InlineData("\uFEFF{\"a\":1}", "{\"a\":1}")]
    [InlineData("Zwei Schiffe – é", "Zwei Schiffe – é")]
    [InlineData("", "")]
    public async Task Document_IsReadAsText(string document, string text)
    {
        await using var upstream = Files().Answers(document);

        Assert.Equal((text, null), await FetchAsync(upstream, Link));
        Assert.Equal(("FlashDrop/1.0", Link), (upstream.Requests[0].Header("User-Agent"), upstream.Requests[0].Url));
        Assert.Null(upstream.Requests[0].Header("Authorization"));
    }

    [Theory]
    [InlineData(300, ErrorKind.Fix, "redirects")]
    [InlineData(399, ErrorKind.Fix, "redirects")]
    [InlineData(400, ErrorKind.Fix, "answered HTTP 400")]
    [InlineData(404, ErrorKind.Fix, "answered HTTP 404")]
    [InlineData(408, ErrorKind.Retry, "answered HTTP 408")]
    [InlineData(409, ErrorKind.Fix, "answered HTTP 409")]
    [InlineData(429, ErrorKind.Retry, "answered HTTP 429")]
    [InlineData(499, ErrorKind.Fix, "answered HTTP 499")]
    [InlineData(500, ErrorKind.Retry, "answered HTTP 500")]
    [InlineData(503, ErrorKind.Retry, "answered HTTP 503")]
    public async Task Status_TellsWhetherToLookAgain(int status, ErrorKind kind, string why)
    {
        await using var upstream = Files().Answers("{}", status);

        Assert.Equal((null, Error(kind, why, "https://files.evolink.ai/r/1.json")), await FetchAsync(upstream, Link));
    }

    [Theory]
    [InlineData("http://files.evolink.ai/r/1.json?sig=abc", "is not https", "http://files.evolink.ai/r/1.json")]
    [InlineData("http://127.0.0.1/r/1.json", "is not https", "http://127.0.0.1/r/1.json")]
    [InlineData("https://10.0.0.8/r/1.json?sig=abc", "points into a private network", "https://10.0.0.8/r/1.json")]
    [InlineData("https://[::1]/r/1.json", "points into a private network", "https://[::1]/r/1.json")]
    public async Task ForbiddenLink_IsNamedWithItsFault(string link, string why, string name)
    {
        await using var upstream = Files().Answers("{}");

        Assert.Equal((null, Error(ErrorKind.Fix, why, name)), await FetchAsync(upstream, new Uri(link)));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task DocumentOfTheLargestSize_IsReadAndOneByteMoreIsNot()
    {
        await using var upstream = Files().Answers(new string('x', MaxBytes)).Answers(new string('x', MaxBytes + 1));

        Assert.Equal((new string('x', MaxBytes), null), await FetchAsync(upstream, Link));
        Assert.Equal((null, Error(ErrorKind.Fix, "exceeds the limit of 2000 bytes", "https://files.evolink.ai/r/1.json")), await FetchAsync(upstream, Link));
    }

    [Fact]
    public async Task DocumentThatBreaksOff_IsFetchedLater()
    {
        await using var upstream = Files();
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.Breaks, "{\"a\":"))));

        Assert.Equal((null, Error(ErrorKind.Retry, "could not be fetched", "https://files.evolink.ai/r/1.json")), await FetchAsync(upstream, Link));
    }

    private static Upstream Files() => new(("FlashDrop:Upstream:MaxLinkedResultBytes", $"{MaxBytes}"));

    private static Task<(string? Text, UpstreamError? Error)> FetchAsync(Upstream upstream, Uri link) =>
        upstream.Services.GetRequiredService<LinkedResults>().FetchAsync(link, TestContext.Current.CancellationToken);

    private static UpstreamError Error(ErrorKind kind, string why, string name) => kind == ErrorKind.Retry
        ? new() { Kind = kind, Code = "result_link_unavailable", Message = $"The link to the task's result {why}: {name}" }
        : new() { Kind = kind, Code = "unreadable_result", Message = $"The task's result is a link that {why}: {name}" };
}
