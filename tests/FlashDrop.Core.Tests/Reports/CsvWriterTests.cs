using FlashDrop.Core.Reports;

namespace FlashDrop.Core.Tests.Reports;

public sealed class CsvWriterTests
{
    [Theory]
    [InlineData("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-2+3", "\"'-2+3\"")]
    [InlineData("@SUM(A1)", "\"'@SUM(A1)\"")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("  =1", "\"'  =1\"")]
    [InlineData("＝1", "\"'＝1\"")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("a\nb", "\"a\nb\"")]
    [InlineData("a=b", "a=b")]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    public void Text_is_quoted_and_never_a_formula(string value, string cell) => Assert.Equal($"{cell}\r\n", new CsvWriter().Text(value).EndRow().ToString());

    [Fact]
    public void Numbers_are_written_as_they_are() =>
        Assert.Equal("-1.50,-2,,0.25\r\n", new CsvWriter().Number(-1.50m).Number(-2L).Number((long?)null).Seconds(TimeSpan.FromMilliseconds(250)).EndRow().ToString());
}
