using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Compliance;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink.Tests;

public sealed class PriceBookTests : PriceBookCompliance
{
    protected override IPriceBook Create() => new PriceBook(Options.Create(new PriceOptions()), Options.Create(new UpstreamOptions()));
}

public sealed class FlatPricesTests : PriceBookCompliance
{
    protected override IPriceBook Create() => new FlatPrices();
}
