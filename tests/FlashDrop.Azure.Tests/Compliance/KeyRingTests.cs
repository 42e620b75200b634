using FlashDrop.Azure.Keys;
using FlashDrop.Azure.Tests.Fakes;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing;
using FlashDrop.Testing.Compliance;
using FlashDrop.Testing.Keys;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Azure.Tests.Compliance;

public sealed class KeyVaultKeyRingComplianceTests : KeyRingCompliance
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly FakeVault _vault = new();
    private readonly KeyVaultOptions _options = new() { VaultUri = "https://unit.vault.azure.net" };
    private int _versions;

    protected override IKeyRing Create() =>
        new KeyVaultKeyRing(_vault.CreateClient(), Options.Create(_options), _time, NullLogger<KeyVaultKeyRing>.Instance);

    protected override void Put(string secret) => _vault.Store($"v{++_versions}", secret);

    protected override async Task AgeAsync(IKeyRing ring)
    {
        _time.Advance(_options.RefreshInterval);
        await ring.GetAsync(TestContext.Current.CancellationToken);
        await ((KeyVaultKeyRing)ring).Pending;
    }
}

public sealed class FakeKeyRingTests : KeyRingCompliance
{
    private readonly FakeKeyRing _ring = new() { Current = null };
    private int _versions;

    protected override IKeyRing Create() => _ring;

    protected override void Put(string secret)
    {
        var key = new ApiKey(secret, $"v{++_versions}");
        _ring.Current ??= key;
        _ring.Replacement = key;
    }

    protected override Task AgeAsync(IKeyRing ring)
    {
        _ring.Current = _ring.Replacement;
        return Task.CompletedTask;
    }
}
