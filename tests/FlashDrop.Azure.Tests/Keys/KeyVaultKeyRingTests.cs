using FlashDrop.Azure.Keys;
using FlashDrop.Azure.Tests.Fakes;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Azure.Tests.Keys;

public sealed class KeyVaultKeyRingTests
{
    private const string Newest = "/secrets/evolink-api-key";
    private const string Versions = "/secrets/evolink-api-key/versions";

    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly FakeVault _vault = new();
    private readonly KeyVaultOptions _options = new() { VaultUri = "https://unit.vault.azure.net" };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_use_reads_the_vault_once_for_all_callers_and_later_uses_do_not()
    {
        var ring = CreateRing();
        var opened = new TaskCompletionSource();
        _vault.Store("v1", " sk-1\n");
        _vault.Trouble = async _ =>
        {
            await opened.Task;
            return null;
        };

        var waiting = Enumerable.Range(0, 20).Select(_ => ring.GetAsync(Stop).AsTask()).ToList();
        opened.SetResult();
        var keys = await Task.WhenAll(waiting);
        await ring.GetAsync(Stop);

        Assert.All(keys, key => Assert.Equal(new ApiKey("sk-1", "v1"), key));
        Assert.Equal(1, _vault.Count(Newest));
    }

    [Fact]
    public async Task Key_past_its_age_is_handed_out_while_the_next_one_is_fetched()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        await ring.GetAsync(Stop);
        _vault.Store("v2", "sk-2");

        _time.Advance(_options.RefreshInterval * (1 - _options.Jitter) - TimeSpan.FromSeconds(1));
        Assert.Equal("v1", (await ring.GetAsync(Stop)).Version);
        Assert.Equal(1, _vault.Count(Newest));
        _time.Advance(_options.RefreshInterval);
        Assert.Equal("v1", (await ring.GetAsync(Stop)).Version);
        await ring.Pending;

        Assert.Equal(new ApiKey("sk-2", "v2"), await ring.GetAsync(Stop));
        Assert.Equal(2, _vault.Count(Newest));
    }

    [Fact]
    public async Task Vault_that_is_away_leaves_the_last_good_key_and_is_asked_again_after_a_while()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        await ring.GetAsync(Stop);
        _vault.Trouble = _ => throw new HttpRequestException("no route");

        _time.Advance(_options.RefreshInterval);
        for (var use = 0; use < 5; use++)
        {
            Assert.Equal("sk-1", (await ring.GetAsync(Stop)).Secret);
            await ring.Pending;
        }

        Assert.Equal(2, _vault.Count(Newest));
        _vault.Trouble = null;
        _vault.Store("v2", "sk-2");
        _time.Advance(_options.RetryInterval);
        await ring.GetAsync(Stop);
        await ring.Pending;
        Assert.Equal("sk-2", (await ring.GetAsync(Stop)).Secret);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Throttling_is_retried_by_the_client(int status)
    {
        var ring = CreateRing(maxRetries: 2);
        _vault.Store("v1", "sk-1");
        _vault.Trouble = _ => ValueTask.FromResult(_vault.Requests.Count <= 2 ? new FakeResponse(status) : null);

        Assert.Equal("sk-1", (await ring.GetAsync(Stop)).Secret);
        Assert.Equal(3, _vault.Count(Newest));
    }

    [Theory]
    [InlineData(403, "Key Vault Secrets User")]
    [InlineData(401, "Key Vault Secrets User")]
    [InlineData(404, "Create it")]
    [InlineData(429, "throttles")]
    [InlineData(503, "HTTP 503")]
    [InlineData(0, "network")]
    public async Task Key_that_was_never_obtained_is_an_error_that_says_what_to_do(int status, string remedy)
    {
        var ring = CreateRing(maxRetries: 1);
        _vault.Trouble = _ => status == 0 ? throw new HttpRequestException("no route") : ValueTask.FromResult<FakeResponse?>(new FakeResponse(status));

        var unavailable = await Assert.ThrowsAsync<KeyUnavailableException>(() => ring.GetAsync(Stop).AsTask());

        Assert.Contains(remedy, unavailable.Message, StringComparison.Ordinal);
        Assert.Contains("evolink-api-key", unavailable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_disabled_and_empty_secrets_are_told_apart()
    {
        var missing = await Assert.ThrowsAsync<KeyUnavailableException>(() => CreateRing().GetAsync(Stop).AsTask());
        _vault.Store("v1", "sk-1", enabled: false);
        var disabled = await Assert.ThrowsAsync<KeyUnavailableException>(() => CreateRing().GetAsync(Stop).AsTask());
        _vault.Store("v2", " ");
        var empty = await Assert.ThrowsAsync<KeyUnavailableException>(() => CreateRing().GetAsync(Stop).AsTask());

        Assert.Contains("There is no secret", missing.Message, StringComparison.Ordinal);
        Assert.Contains("enable the secret", disabled.Message, StringComparison.Ordinal);
        Assert.Contains("is empty", empty.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failing_vault_is_not_asked_for_every_request_and_recovers()
    {
        var ring = CreateRing();
        _vault.Trouble = _ => ValueTask.FromResult<FakeResponse?>(new FakeResponse(503));

        for (var use = 0; use < 5; use++)
        {
            await Assert.ThrowsAsync<KeyUnavailableException>(() => ring.GetAsync(Stop).AsTask());
        }

        Assert.Equal(1, _vault.Count(Newest));
        _vault.Trouble = null;
        _vault.Store("v1", "sk-1");
        _time.Advance(_options.RetryInterval);
        Assert.Equal("sk-1", (await ring.GetAsync(Stop)).Secret);
    }

    [Fact]
    public async Task Refused_key_is_replaced_at_once_by_one_fetch_for_all_callers()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        var rejected = await ring.GetAsync(Stop);
        _vault.Store("v2", "sk-2");
        var opened = new TaskCompletionSource();
        _vault.Trouble = async _ =>
        {
            await opened.Task;
            return null;
        };

        var waiting = Enumerable.Range(0, 20).Select(_ => ring.ReplaceAsync(rejected, Stop).AsTask()).ToList();
        opened.SetResult();
        var keys = await Task.WhenAll(waiting);

        Assert.All(keys, key => Assert.Equal(new ApiKey("sk-2", "v2"), key));
        Assert.Equal(new ApiKey("sk-2", "v2"), await ring.GetAsync(Stop));
        Assert.Equal(new ApiKey("sk-2", "v2"), await ring.ReplaceAsync(rejected, Stop));
        Assert.Equal(2, _vault.Count(Newest));
    }

    [Fact]
    public async Task New_version_the_upstream_does_not_know_yet_gives_way_to_the_old_one_and_is_tried_again_later()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        await ring.GetAsync(Stop);
        _vault.Store("v2", "sk-2");
        _time.Advance(_options.RefreshInterval);
        await ring.GetAsync(Stop);
        await ring.Pending;
        var rejected = await ring.GetAsync(Stop);
        Assert.Equal("v2", rejected.Version);

        Assert.Equal(new ApiKey("sk-1", "v1"), await ring.ReplaceAsync(rejected, Stop));
        Assert.Equal("v1", (await ring.GetAsync(Stop)).Version);
        Assert.Equal(0, _vault.Count(Versions));

        _time.Advance(_options.RefusalMemory);
        Assert.Equal("v2", (await ring.GetAsync(Stop)).Version);
    }

    [Fact]
    public async Task Instance_that_started_after_the_rotation_finds_the_old_version_in_the_vault()
    {
        var ring = CreateRing();
        _vault.Store("v0", "sk-0");
        _vault.Store("v1", "sk-1");
        _vault.Store("off", "sk-off", enabled: false);
        _vault.Store("v2", "sk-2");
        var rejected = await ring.GetAsync(Stop);

        Assert.Equal(new ApiKey("sk-1", "v1"), await ring.ReplaceAsync(rejected, Stop));
        Assert.Equal("v1", (await ring.GetAsync(Stop)).Version);
    }

    [Fact]
    public async Task Key_without_an_alternative_is_null_and_the_vault_is_not_asked_for_every_refusal()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        var rejected = await ring.GetAsync(Stop);

        for (var refusal = 0; refusal < 5; refusal++)
        {
            Assert.Null(await ring.ReplaceAsync(rejected, Stop));
            Assert.Equal(rejected, await ring.GetAsync(Stop));
        }

        Assert.Equal(2, _vault.Count(Newest));
        _vault.Store("v2", "sk-2");
        _time.Advance(_options.RetryInterval);
        Assert.Equal("v2", (await ring.ReplaceAsync(rejected, Stop))!.Version);
    }

    [Fact]
    public async Task Refusal_while_the_vault_is_away_has_no_replacement_and_does_not_hammer_it()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        var rejected = await ring.GetAsync(Stop);
        _vault.Trouble = _ => ValueTask.FromResult<FakeResponse?>(new FakeResponse(503));

        for (var refusal = 0; refusal < 5; refusal++)
        {
            Assert.Null(await ring.ReplaceAsync(rejected, Stop));
        }

        Assert.Equal(2, _vault.Count(Newest));
        Assert.Equal(rejected, await ring.GetAsync(Stop));
    }

    [Fact]
    public async Task Identity_that_may_not_list_versions_still_gets_the_newest()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        _vault.Store("v2", "sk-2");
        var rejected = await ring.GetAsync(Stop);
        _vault.Trouble = request => ValueTask.FromResult(
            request.Uri.ToString().Contains("/versions", StringComparison.Ordinal) ? new FakeResponse(403) : null);

        Assert.Null(await ring.ReplaceAsync(rejected, Stop));
        _vault.Store("v3", "sk-3");
        _time.Advance(_options.RetryInterval);
        Assert.Equal("v3", (await ring.ReplaceAsync(rejected, Stop))!.Version);
    }

    [Fact]
    public async Task Refusal_during_a_background_refresh_looks_for_older_versions_afterwards()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        _vault.Store("v2", "sk-2");
        var rejected = await ring.GetAsync(Stop);
        var opened = new TaskCompletionSource();
        _vault.Trouble = async _ =>
        {
            await opened.Task;
            return null;
        };
        _time.Advance(_options.RefreshInterval);
        await ring.GetAsync(Stop);

        var replacing = ring.ReplaceAsync(rejected, Stop).AsTask();
        opened.SetResult();

        Assert.Equal("v1", (await replacing)!.Version);
    }

    [Fact]
    public async Task Caller_that_gives_up_does_not_end_the_fetch_of_the_others()
    {
        var ring = CreateRing();
        _vault.Store("v1", "sk-1");
        var opened = new TaskCompletionSource();
        _vault.Trouble = async _ =>
        {
            await opened.Task;
            return null;
        };
        using var impatient = new CancellationTokenSource();

        var first = ring.GetAsync(impatient.Token).AsTask();
        var second = ring.GetAsync(Stop).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        opened.SetResult();

        Assert.Equal("sk-1", (await second).Secret);
    }

    private KeyVaultKeyRing CreateRing(int maxRetries = 0) =>
        new(_vault.CreateClient(maxRetries), Options.Create(_options), _time, NullLogger<KeyVaultKeyRing>.Instance);
}
