using System.Text;
using System.Text.Json;
using CsCheck;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Tests;

public sealed class ReadableJsonTests
{
    [Theory]
    [InlineData("""{"a":"half \ud83d of a pair"}""", "half \uFFFD of a pair")]
    [InlineData("""{"a":"the other \uDE00"}""", "the other \uFFFD")]
    [InlineData("""{"a":"\ud83d\ud83d\ude00"}""", "\uFFFD\U0001F600")]
    [InlineData("""{"a":"\ud83d\u0041"}""", "\uFFFDA")]
    [InlineData("""{"a":"\ud83d\ud83d"}""", "\uFFFD\uFFFD")]
    [InlineData("""{"a":"\ud83d and \ude00"}""", "\uFFFD and \uFFFD")]
    [InlineData("""{"a":"a pair \ud83d\ude00"}""", "a pair \U0001F600")]
    [InlineData("""{"a":"\\ud83d is no escape"}""", @"\ud83d is no escape")]
    [InlineData("""{"a":"\u00e9"}""", "é")]
    public void Text_IsReadWithAMarkForWhatIsNoCharacter(string json, string expected) =>
        Assert.Equal(expected, JsonElement.Parse(ReadableJson.Of(json).Span).GetProperty("a").GetString());

    [Fact]
    public void StrayBytes_AreMarked()
    {
        byte[] json = [.. "{\"a\":\"x"u8, 0xC3, .. "\"}"u8];

        Assert.Equal("x\uFFFD", JsonElement.Parse(ReadableJson.Of(json).Span).GetProperty("a").GetString());
    }

    [Fact]
    public void StrayBytesAndHalvesOfPairs_AreBothMarked()
    {
        byte[] json = [.. "{\"a\":\"x"u8, 0xC3, .. "\\ud83d\"}"u8];

        Assert.Equal("x\uFFFD\uFFFD", JsonElement.Parse(ReadableJson.Of(json).Span).GetProperty("a").GetString());
    }

    [Fact]
    public void EscapeAtTheVeryBeginning_IsMarkedToo() => Assert.Equal(@"\ufffd", Encoding.UTF8.GetString(ReadableJson.Of(@"\ud83d").Span));

    [Fact]
    public void WhatIsReadable_IsLeftAsItIs()
    {
        ReadOnlyMemory<byte> json = """{"a":"\u00e9 \ud83d\ude00 \" é"}"""u8.ToArray();

        Assert.Equal(json, ReadableJson.Of(json));
    }

    [Fact]
    public void AnyText_SurvivesItsJson() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(text =>
        JsonElement.Parse(ReadableJson.Of(JsonSerializer.Serialize(text)).Span).GetString() == text);

    [Fact]
    public void AnyUtf16_BecomesReadable() => Gen.Char.Array[0, 30].Sample(units =>
        JsonElement.Parse(ReadableJson.Of($"\"{string.Concat(units.Select(u => $"\\u{(int)u:x4}"))}\"").Span).GetString()
            == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(units)));
}
