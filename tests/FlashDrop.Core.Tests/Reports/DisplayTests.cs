using FlashDrop.Core.Reports;

namespace FlashDrop.Core.Tests.Reports;

public sealed class DisplayTests
{
    [Theory]
    [InlineData("1234.565", 2, "$1,234.57")]
    [InlineData("0", 2, "$0.00")]
    [InlineData("0.004", 2, "< $0.01")]
    [InlineData("-0.004", 2, "> −$0.01")]
    [InlineData("-3.5", 2, "−$3.50")]
    [InlineData("0.0123456", 4, "$0.0123")]
    public void Money_is_rounded_for_reading_and_never_hidden(string usd, int decimals, string text) =>
        Assert.Equal(text, Display.Money(decimal.Parse(usd), decimals));

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(420, "420 ms")]
    [InlineData(8_400, "8.4 s")]
    [InlineData(59_960, "1 min 00 s")]
    [InlineData(200_000, "3 min 20 s")]
    [InlineData(7_500_000, "2 h 05 min")]
    public void Durations_read_naturally(long milliseconds, string text) => Assert.Equal(text, Display.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(112, 100, "+12%")]
    [InlineData(50, 100, "−50%")]
    [InlineData(5, 0, "new")]
    [InlineData(0, 0, "no change")]
    [InlineData(0, 5, "−100%")]
    public void Changes_are_told_in_percent(int now, int before, string text) => Assert.Equal(text, Display.Change(now, before));

    [Theory]
    [InlineData(9_999, "9,999")]
    [InlineData(12_345, "12.3 k")]
    [InlineData(12_345_678, "12.3 M")]
    public void Large_counts_are_shortened(long value, string text) => Assert.Equal(text, Display.Compact(value));

    [Fact]
    public void Shortening_never_splits_a_character() => Assert.Equal("ab…", Display.Shorten("ab😀cd", 4));
}
