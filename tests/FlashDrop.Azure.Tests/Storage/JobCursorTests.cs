using System.Buffers.Text;
using System.Text;
using CsCheck;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class JobCursorTests
{
    private static readonly DateOnly Day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);

    [Fact]
    public void Any_cursor_reads_back()
    {
        var ids = Gen.Select(Gen.Int[0, 100_000], Gen.Int, Gen.Int[0, 15])
            .Select((minutes, number, shard) => TestJobs.Id(TestJobs.Noon.AddMinutes(minutes), number, shard));
        Gen.Select(ids, Gen.Bool).Sample((id, atStart) =>
        {
            var shard = Convert.ToInt32(id.Partition[^1..], 16);
            var cursor = new JobCursor(DateOnly.FromDateTime(id.Time.UtcDateTime), shard, atStart ? null : id);
            return JobCursor.TryParse(cursor.ToString(), out var read) && read == cursor;
        });
    }

    [Fact]
    public void Any_other_text_is_refused() =>
        Gen.String.Sample(text => !JobCursor.TryParse(text, out _) && !JobCursor.TryParse(Encode(text), out _));

    [Theory]
    [InlineData("2.20260314-0.")]
    [InlineData("1.20260314-g.")]
    [InlineData("1.20260314-0")]
    [InlineData("1.20260332-0.")]
    [InlineData("1.20260314-0.01J0000000000000000000000")]
    [InlineData("1.20260314-0.x")]
    [InlineData("1.20260314-0..")]
    public void Forged_cursors_are_refused(string content) => Assert.False(JobCursor.TryParse(Encode(content), out _));

    [Fact]
    public void Id_of_another_partition_is_refused()
    {
        var id = TestJobs.Id(TestJobs.Noon, 1, shard: 2);

        Assert.False(JobCursor.TryParse(Encode($"1.{JobId.PartitionOf(Day, 3)}.{id}"), out _));
        Assert.True(JobCursor.TryParse(Encode($"1.{JobId.PartitionOf(Day, 2)}.{id}"), out _));
        Assert.False(JobCursor.TryParse(Encode($"1.{JobId.PartitionOf(Day, 2)}.{id.ToString().ToLowerInvariant()}"), out _));
    }

    [Fact]
    public void Partitions_follow_newest_day_first_and_end()
    {
        var seen = new List<JobCursor>();
        for (JobCursor? at = new JobCursor(Day, 0, null); at is { } cursor; at = cursor.NextPartition(Day.AddDays(-2)))
        {
            seen.Add(cursor);
        }

        Assert.Equal(3 * JobId.ShardsPerDay, seen.Distinct().Count());
        Assert.Equal(Day, seen[0].Day);
        Assert.Equal(new JobCursor(Day.AddDays(-2), 15, null), seen[^1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public void Page_size_out_of_range_is_refused(int size) =>
        Assert.Throws<ArgumentException>(() => JobCursor.StartOf(new JobQuery { From = Day, To = Day, PageSize = size }));

    [Fact]
    public void Days_in_the_wrong_order_are_refused() =>
        Assert.Throws<ArgumentException>(() => JobCursor.StartOf(new JobQuery { From = Day, To = Day.AddDays(-1) }));

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
