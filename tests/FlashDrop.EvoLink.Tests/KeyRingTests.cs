using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing.Compliance;
using Microsoft.Extensions.Configuration;

namespace FlashDrop.EvoLink.Tests;

public sealed class ConfigurationKeyRingTests : KeyRingCompliance
{
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();

    [Fact]
    public void Key_ShowsItsVersionAndNothingElse() => Assert.Equal("ApiKey v1", new ApiKey("sk-one-5b1f", "v1").ToString());

    protected override IKeyRing Create() => new ConfigurationKeyRing(_configuration);

    protected override void Put(string secret) => _configuration[ConfigurationKeyRing.ConfigurationKey] = secret;

    protected override Task AgeAsync(IKeyRing ring) => Task.CompletedTask;
}
