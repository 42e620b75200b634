using CsCheck;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Tests.Jobs;

public sealed class JobIdTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 3, 9, 12, 44, 120, TimeSpan.Zero);

    [Fact]
    public void TextForm_RoundTrips_InEitherCase()
    {
        Gen.Select(Gen.Long[0, 253_402_300_799_999], Gen.Byte.Array[10]).Sample((ms, random) =>
        {
            var id = JobId.Create(DateTimeOffset.FromUnixTimeMilliseconds(ms), random);
            return JobId.Parse(id.ToString()) == id && JobId.Parse(id.ToString().ToLowerInvariant()) == id
                && id.Time == DateTimeOffset.FromUnixTimeMilliseconds(ms);
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("01KABCDEFGHJKMNPQRSTVWXYZ")]
    [InlineData("81KABCDEFGHJKMNPQRSTVWXYZ0")]
    [InlineData("01KABCDEFGHJKMNPQRSTVWXYU0")]
    [InlineData("/1KABCDEFGHJKMNPQRSTVWXYZ0")]
    [InlineData("../../../../etc/passwd0000")]
    [InlineData("01KABCDEFGHJKMNPQRSTVWX%2F")]
    public void OtherText_IsNoJobId(string? text) => Assert.False(JobId.TryParse(text, out _));

    [Fact]
    public void Drop_HasTheSameId_WheneverItsEventComes()
    {
        var id = JobId.ForDrop("inbox", "default/a.jpg", "\"0x8D\"", Time);

        Assert.Equal(id, JobId.ForDrop("inbox", "default/a.jpg", "0x8D", Time));
        Assert.NotEqual(id, JobId.ForDrop("inbox", "default/a.jpg", "0x8E", Time));
        Assert.NotEqual(id, JobId.ForDrop("inbox", "default/b.jpg", "0x8D", Time));
        Assert.Equal(Time, id.Time);
    }

    [Fact]
    public void Partition_IsTheDayAndOneOfSixteenShards_SpreadEvenly()
    {
        var partitions = Enumerable.Range(0, 4_000)
            .Select(i => JobId.ForDrop("inbox", $"default/{i}.jpg", "e", Time).Partition)
            .GroupBy(p => p)
            .ToDictionary(g => g.Key, g => g.Count());

        Assert.Equal(Enumerable.Range(0, 16).Select(s => JobId.PartitionOf(new DateOnly(2026, 11, 3), s)).Order(), partitions.Keys.Order());
        Assert.All(partitions.Values, count => Assert.InRange(count, 150, 350));
    }

    [Fact]
    public void Ids_OrderByTime()
    {
        var earlier = JobId.Create(Time, new byte[10]);
        var later = JobId.Create(Time.AddMilliseconds(1), new byte[10]);

        Assert.Equal((true, true, false, false), (earlier < later, earlier <= later, earlier > later, earlier >= later));
        Assert.Equal((false, false, true, true), (later < earlier, later <= earlier, later > earlier, later >= earlier));
        var same = JobId.Parse(earlier.ToString());
        Assert.Equal((false, true, false, true), (same < earlier, same <= earlier, same > earlier, same >= earlier));
        Assert.True(string.CompareOrdinal(earlier.ToString(), later.ToString()) < 0);
    }
}
