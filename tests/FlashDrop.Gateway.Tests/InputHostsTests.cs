using FlashDrop.Gateway.Urls;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Gateway.Tests;

/// <summary>Whose hosts are looked up, and what becomes of what is found.</summary>
public sealed class InputHostsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeHostNames _names = new();

    [Theory]
    [InlineData(null, "93.184.215.14")]
    [InlineData(null, "93.184.215.14", "2606:4700:4700::1111")]
    [InlineData("u", "10.0.0.8")]
    [InlineData("u", "127.0.0.1")]
    [InlineData("u", "169.254.169.254")]
    [InlineData("u", "168.63.129.16")]
    [InlineData("u", "fd00::1")]
    [InlineData("u", "::1")]
    [InlineData("u", "::ffff:192.168.1.1")]
    [InlineData("u", "93.184.215.14", "192.168.1.1")]
    [InlineData("u", "fe80::1", "93.184.215.14")]
    public async Task Host_PassesWhenEveryAddressIsPublic(string? field, params string[] addresses)
    {
        _names.Has("files.example.com", addresses);

        var error = await CheckAsync("https://files.example.com/a.png");

        Assert.Equal(field, error?.Field);
        Assert.Equal(field is null ? null : "The host 'files.example.com' has an address that is not a public one.", error?.Message);
        Assert.DoesNotContain(addresses, address => error?.ToString().Contains(address, StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task UnknownName_Passes()
    {
        _names.Misses("nowhere.example.com");

        Assert.Null(await CheckAsync("https://nowhere.example.com/a.png"));
    }

    [Fact]
    public async Task ResolverThatStaysSilent_HoldsARequestForTwoSecondsAtMost()
    {
        _names.IsSilentAbout("slow.example.com").IsSilentAbout("slower.example.com");
        var checking = CheckAsync("https://slow.example.com/a.png", "https://slower.example.com/a.png").AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.False(checking.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(await checking);
    }

    [Fact]
    public async Task SilentHost_CoversNoOther()
    {
        _names.IsSilentAbout("slow.example.com").Has("inward.example.com", "10.0.0.8");
        var checking = CheckAsync("https://slow.example.com/a.png", "https://inward.example.com/a.png").AsTask();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Contains("'inward.example.com'", (await checking)!.Message, StringComparison.Ordinal);
    }

    /// <summary>What hangs in the system's resolver counts until it ends there: no number of requests makes more of it.</summary>
    [Fact]
    public async Task LookupsUnderWay_AreBounded()
    {
        using var hosts = Hosts();
        List<Task<Http.FieldError?>> checks = [];
        for (var request = 0; request < 100; request++)
        {
            _names.IsSilentAbout($"slow{request}.example.com");
            checks.Add(hosts.CheckAsync(Urls($"https://slow{request}.example.com/a.png"), CancellationToken.None).AsTask());
        }

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.All(await Task.WhenAll(checks), Assert.Null);
        Assert.Equal(64, _names.Asked.Count);
    }

    [Fact]
    public async Task CallerWhoLeaves_EndsTheCheck()
    {
        _names.IsSilentAbout("slow.example.com");
        using var hosts = Hosts();
        using var left = new CancellationTokenSource();
        var checking = hosts.CheckAsync(Urls("https://slow.example.com/a.png"), left.Token).AsTask();

        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => checking);
    }

    [Fact]
    public async Task EachName_IsAskedForOnce()
    {
        await CheckAsync("https://a.example.com/1.png", "https://A.example.com/2.png", "https://b.example.com:443/3.png", "https://a.example.com/1.png");

        Assert.Equal(["a.example.com", "b.example.com"], _names.Asked.Order());
    }

    [Theory]
    [InlineData("https://8.8.8.8/a.png")]
    [InlineData("https://[2606:4700:4700::1111]/a.png")]
    [InlineData("http://localhost:5080/a.png")]
    [InlineData("http://127.0.0.1:5080/a.png")]
    public async Task AddressOrAllowedLoopback_IsNotLookedUp(string url)
    {
        Assert.Null(await CheckAsync(url));
        Assert.Empty(_names.Asked);
    }

    [Fact]
    public async Task SwitchedOff_NobodyIsAsked()
    {
        _names.Has("inward.example.com", "10.0.0.8");
        using var hosts = Hosts(resolve: false);

        Assert.Null(await hosts.CheckAsync(Urls("https://inward.example.com/a.png"), CancellationToken.None));
        Assert.Empty(_names.Asked);
    }

    [Theory]
    [InlineData(InputUrls.MaxHosts, null)]
    [InlineData(InputUrls.MaxHosts + 1, "too_many_hosts")]
    public async Task HostsOfARequest_AreBounded(int count, string? code)
    {
        var error = await CheckAsync([.. Enumerable.Range(0, count).Select(i => $"https://h{i}.example.com/a.png")]);

        Assert.Equal(code, error?.Code);
        Assert.Equal(code is null ? count : 0, _names.Asked.Count);
    }

    [Fact]
    public async Task UrlThatIsRefusedByItsText_IsNotLookedUp()
    {
        var error = await CheckAsync("https://files.example.com/a.png", "https://10.0.0.8/a.png");

        Assert.Equal(("forbidden_url", "The host '10.0.0.8' is not a public one."), (error!.Code, error.Message));
        Assert.Empty(_names.Asked);
    }

    private static InputUrls Urls(params string[] urls)
    {
        var found = new InputUrls(new UrlGuard([], allowLoopback: true));
        foreach (var url in urls)
        {
            found.Take(url, "u");
        }

        return found;
    }

    private InputHosts Hosts(bool resolve = true) => new(_names, Options.Create(new GatewayOptions { ResolveInputHosts = resolve }), _time);

    private async ValueTask<Http.FieldError?> CheckAsync(params string[] urls)
    {
        using var hosts = Hosts();
        return await hosts.CheckAsync(Urls(urls), CancellationToken.None);
    }
}
