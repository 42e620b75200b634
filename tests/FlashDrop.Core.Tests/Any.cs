using CsCheck;

namespace FlashDrop.Core.Tests;

/// <summary>Generators that the tests share.</summary>
internal static class Any
{
    public static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
