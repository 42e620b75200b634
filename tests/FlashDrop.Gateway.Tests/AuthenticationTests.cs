using System.Security.Cryptography;
using CsCheck;
using FlashDrop.Gateway.Callers;
using FlashDrop.Testing.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Tests;

public sealed class AuthenticationTests
{
    public static TheoryData<string, string> Protected =>
        new(GatewayHost.Endpoints.Where(e => !e.Route.StartsWith("health", StringComparison.Ordinal)).Select(e => (e.Method, e.Route)));

    [Theory]
    [MemberData(nameof(Protected))]
    public async Task EveryRouteButHealth_Is401WithoutAValidKey(string method, string route)
    {
        await using var host = await GatewayHost.StartAsync();
        var path = route.Replace("{id}", host.Jobs.Add("alice").Id.ToString(), StringComparison.Ordinal);

        var without = await host.SendAsync(method, path, key: null);
        var wrong = await host.SendAsync(method, path, key: "fd_wrong");
        var hash = await host.SendAsync(method, path, key: ApiKeys.Hash(GatewayHost.AliceKey));

        Assert.Equal((401, "unauthorized", "Bearer realm=\"flashdrop\""), (without.Status, without["code"], without.Header("WWW-Authenticate")));
        Assert.Equal((401, "Bearer realm=\"flashdrop\", error=\"invalid_token\""), (wrong.Status, wrong.Header("WWW-Authenticate")));
        Assert.Equal(401, hash.Status);
    }

    [Theory]
    [InlineData("Authorization", "Bearer fd_alice-key", 200)]
    [InlineData("Authorization", "bearer   fd_alice-key ", 200)]
    [InlineData("x-api-key", "fd_alice-key", 200)]
    [InlineData("x-goog-api-key", "fd_alice-key", 200)]
    [InlineData("api-key", "fd_alice-key", 200)]
    [InlineData("Authorization", "Basic fd_alice-key", 401)]
    [InlineData("Authorization", "fd_alice-key", 401)]
    [InlineData("Authorization", "Bearer ", 401)]
    [InlineData("Authorization", "Bearer fd_alice-key2", 401)]
    [InlineData("Authorization", "Bearer FD_ALICE-KEY", 401)]
    [InlineData("x-api-key", "", 401)]
    [InlineData("Cookie", "x-api-key=fd_alice-key", 401)]
    public async Task Key_IsTakenFromTheDocumentedHeadersOnly(string header, string value, int status)
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal(status, (await host.SendAsync("GET", "api/jobs", key: null, headers: [(header, value)])).Status);
    }

    [Fact]
    public async Task KeyInTheQuery_IsIgnored()
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal(401, (await host.SendAsync("GET", "api/jobs?key=fd_alice-key", key: null)).Status);
    }

    [Fact]
    public async Task ProxysOwnCredential_DoesNotHideTheKey()
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal(200, (await host.SendAsync("GET", "api/jobs", key: "some-proxy-token", headers: [("x-api-key", "fd_alice-key")])).Status);
    }

    [Fact]
    public async Task OverlongKey_IsRefused()
    {
        var key = new string('k', ApiKeys.MaxLength + 1);
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Callers:bob:KeyHashes:1"] = ApiKeys.Hash(key) });

        Assert.Equal(401, (await host.SendAsync("GET", "api/jobs", key: key)).Status);
        Assert.Equal(200, (await host.SendAsync("GET", "api/jobs", key: GatewayHost.BobKey)).Status);
    }

    [Fact]
    public async Task BothKeysOfARotation_AreTheSameCaller()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Callers:alice:KeyHashes:1"] = ApiKeys.Hash("fd_next").ToUpperInvariant() });

        await host.SendAsync("GET", "api/jobs");
        await host.SendAsync("GET", "api/jobs", key: "fd_next");

        Assert.Equal(["alice", "alice"], host.Jobs.Queries.Select(query => query.Caller));
    }

    [Fact]
    public void CreatedKeys_AreWellFormedDistinctAndNotTheirHash()
    {
        using var random = RandomNumberGenerator.Create();
        var keys = Enumerable.Range(0, 1000).Select(_ => ApiKeys.Create(random)).ToList();

        Assert.Equal(1000, keys.Distinct(StringComparer.Ordinal).Count());
        Assert.All(keys, key => Assert.Matches("^fd_[A-Za-z0-9_-]{43}$", key));
        Assert.All(keys, key => Assert.Matches("^[0-9a-f]{64}$", ApiKeys.Hash(key)));
    }

    [Fact]
    public void Hash_IsSha256OfTheKey() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ApiKeys.Hash("abc"));

    [Fact]
    public async Task AnyDirectory_KnowsExactlyItsOwnKeys()
    {
        var key = Gen.String[Gen.Char[' ', '~'], 1, 60];
        await Gen.Select(key.HashSet[1, 6], key).SampleAsync(async (known, stranger) =>
        {
            var keys = known.ToList();
            var options = new CallersOptions();
            for (var i = 0; i < keys.Count; i++)
            {
                options.Callers[$"caller-{i}"] = new CallerSettings { KeyHashes = [ApiKeys.Hash(keys[i])] };
            }

            Assert.True(new CallersOptionsValidator().Validate(null, options).Succeeded);
            var directory = new CallerDirectory(
                Options.Create(options), Options.Create(new GatewayOptions()), new InMemoryStorage(TimeProvider.System).Callers, TimeProvider.System, NullLogger<CallerDirectory>.Instance);
            for (var i = 0; i < keys.Count; i++)
            {
                Assert.Equal($"caller-{i}", (await directory.AuthenticateAsync(keys[i], CancellationToken.None))?.Name);
            }

            Assert.Equal(known.Contains(stranger), await directory.AuthenticateAsync(stranger, CancellationToken.None) is not null);
        });
    }

    [Fact]
    public void AnyBearerHeader_YieldsItsTokenTrimmed()
    {
        var token = Gen.String[Gen.Char['!', '~'], 1, 100];
        Gen.Select(Gen.OneOf("Bearer", "bearer", "BEARER"), Gen.Int[1, 3], token, Gen.Int[0, 2]).Sample((scheme, before, key, after) =>
        {
            var request = new DefaultHttpContext().Request;
            request.Headers.Authorization = $"{scheme}{new string(' ', before)}{key}{new string(' ', after)}";

            Assert.Equal([key], CallerAuthenticator.KeysOf(request));
        });
    }

    [Fact]
    public void AnyText_IsAHashOnlyWhenItIs64HexDigits()
    {
        var almost = Gen.Select(Gen.String[Gen.OneOf(Gen.Char['0', '9'], Gen.Char['a', 'f'], Gen.Char['A', 'F']), 62, 66], Gen.Bool, Gen.Char)
            .Select((hex, spoil, c) => spoil ? hex[..^1] + c : hex);
        almost.Sample(text => ApiKeys.TryParseHash(text, out _) == (text.Length == 64 && text.All(char.IsAsciiHexDigit)));
    }

    [Theory]
    [InlineData("FlashDrop:Callers:Bad_Name:KeyHashes:0", null, "Bad_Name")]
    [InlineData("FlashDrop:Callers:alice:KeyHashes:0", "fd_plain-key", "KeyHashes:0 is not a SHA-256 hash")]
    [InlineData("FlashDrop:Callers:alice:TierPolicy", "gold", "'gold'")]
    [InlineData("FlashDrop:Callers:carol:Admin", "true", "carol:KeyHashes has 0 entries")]
    [InlineData("FlashDrop:Callers:alice:KeyHashes:1", "bob's", "is also a key of")]
    [InlineData("FlashDrop:Gateway:MaxRequestBytes", "10", "MaxRequestBytes is 10")]
    [InlineData("FlashDrop:Gateway:MaxWait", "01:00:00", "MaxWait is 01:00:00")]
    [InlineData("FlashDrop:Gateway:AllowedUrlPorts:0", "0", "AllowedUrlPorts is 0")]
    public async Task WrongSetting_StopsTheStartAndIsNamedWithoutSecrets(string setting, string? value, string message)
    {
        var actual = value switch
        {
            null => ApiKeys.Hash("another"),
            "bob's" => ApiKeys.Hash(GatewayHost.BobKey),
            _ => value,
        };

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(new() { [setting] = actual }));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fd_plain-key", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ApiKeys.Hash(GatewayHost.BobKey), exception.Message, StringComparison.Ordinal);
    }
}
