using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Compliance;

namespace FlashDrop.Core.Tests.Reports;

public sealed class SamplePricesTests : PriceBookCompliance
{
    protected override IPriceBook Create() => new SamplePrices();
}
