namespace FlashDrop.Infra.Tests;

public sealed class ContractTests
{
    [Fact]
    public void Placeholder() => Assert.True(Repository.Exists("Functions.sln"));
}
