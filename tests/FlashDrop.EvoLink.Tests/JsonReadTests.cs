using System.Text.Json;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Tests;

public sealed class JsonReadTests
{
    [Theory]
    [InlineData("7", 7L)]
    [InlineData("\"7\"", 7L)]
    [InlineData("7.9", 7L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", null)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("-9223372036854775809", null)]
    [InlineData("1e99", null)]
    [InlineData("\"seven\"", null)]
    [InlineData("true", null)]
    [InlineData("null", null)]
    [InlineData("[7]", null)]
    public void Count_IsReadFromNumbersAndTexts(string value, long? expected) => Assert.Equal(expected, Parse(value).GetLong("x"));

    [Theory]
    [InlineData("\"a\"", "a")]
    [InlineData("\"\"", null)]
    [InlineData("1.50", "1.50")]
    [InlineData("true", "true")]
    [InlineData("false", "false")]
    [InlineData("null", null)]
    [InlineData("{}", null)]
    public void Text_IsReadFromPlainValues(string value, string? expected) => Assert.Equal(expected, Parse(value).GetText("x"));

    [Theory]
    [InlineData("true", true)]
    [InlineData("\"true\"", true)]
    [InlineData("\"True\"", true)]
    [InlineData("false", false)]
    [InlineData("\"false\"", false)]
    [InlineData("\"\"", false)]
    [InlineData("1", false)]
    [InlineData("null", false)]
    public void Flag_IsTrueOnlyWhereItSaysSo(string value, bool expected) => Assert.Equal(expected, Parse(value).IsTrue("x"));

    [Fact]
    public void Label_IsCutToWhatARowHolds()
    {
        Assert.Equal(new string('a', 128), Parse($"\"{new string('a', 129)}\"").GetLabel("x"));
        Assert.Equal(new string('a', 128), Parse($"\"{new string('a', 128)}\"").GetLabel("x"));
    }

    private static JsonElement Parse(string value) => JsonElement.Parse($$"""{"x":{{value}}}""");
}
