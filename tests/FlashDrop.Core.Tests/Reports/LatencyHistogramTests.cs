using System.Text.Json;
using CsCheck;
using FlashDrop.Core.Reports;

namespace FlashDrop.Core.Tests.Reports;

public sealed class LatencyHistogramTests
{
    private static readonly double[] Shares = [0.01, 0.5, 0.95, 0.99, 1];

    private static readonly Gen<long[]> Times = Gen.OneOf(Gen.Long[0, 300], Gen.Long[0, 100_000], Gen.Long[0, 90_000_000]).Array[1, 200];

    [Fact]
    public void Any_times_percentiles_are_within_the_stated_error() => Times.Sample(times =>
    {
        var histogram = Of(times);
        var sorted = times.Order().ToArray();
        foreach (var share in Shares)
        {
            var exact = sorted[Math.Max(1, (int)Math.Ceiling(share * sorted.Length)) - 1];
            var told = histogram.Percentile(share)!.Value.TotalMilliseconds;
            Assert.True(Math.Abs(told - exact) <= exact * LatencyHistogram.RelativeError, $"p{share}: {told} for {exact}");
        }
    });

    [Fact]
    public void Times_below_128_ms_are_exact() =>
        Assert.All(Enumerable.Range(0, 128), ms => Assert.Equal(ms, Of([ms]).Percentile(1)!.Value.TotalMilliseconds));

    [Fact]
    public void Any_order_and_split_gives_the_same_histogram() => Gen.Select(Times, Times).Sample((left, right) =>
    {
        var merged = Of(left);
        merged.Merge(Of(right));
        Assert.Equal(Json(Of([.. left, .. right])), Json(merged));
        Assert.Equal(Json(Of([.. right.Reverse(), .. left])), Json(merged));
    });

    [Fact]
    public void Json_round_trip_loses_nothing() => Times.Sample(times =>
    {
        var json = Json(Of(times));
        var read = JsonSerializer.Deserialize(json, ReportJson.Default.Report.Options.GetTypeInfo(typeof(LatencyHistogram))) as LatencyHistogram;
        Assert.Equal(json, Json(read!));
        Assert.Equal(times.Length, read!.Count);
    });

    [Fact]
    public void Extreme_times_stay_within_the_bounded_buckets()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.MaxValue);
        histogram.Add(TimeSpan.MinValue);

        Assert.All(histogram.Buckets.Keys, index => Assert.InRange(index, 0, LatencyHistogram.MaxBuckets - 1));
        Assert.Equal(TimeSpan.Zero, histogram.Percentile(0.5));
        Assert.Equal((1L << 40) - 1, histogram.MaxMilliseconds);
    }

    [Fact]
    public void No_times_have_no_percentile() => Assert.Null(new LatencyHistogram().Percentile(0.5));

    [Theory]
    [InlineData("""{"count":1,"maxMilliseconds":1,"buckets":{"x":1}}""")]
    [InlineData("""{"count":1,"maxMilliseconds":1,"buckets":{"999999":1}}""")]
    [InlineData("""{"count":1,"maxMilliseconds":1,"buckets":{"1":-4}}""")]
    public void Json_with_foreign_buckets_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, ReportJson.Default.Options.GetTypeInfo(typeof(LatencyHistogram))));

    private static LatencyHistogram Of(IEnumerable<long> milliseconds)
    {
        var histogram = new LatencyHistogram();
        foreach (var ms in milliseconds)
        {
            histogram.Add(TimeSpan.FromMilliseconds(ms));
        }

        return histogram;
    }

    private static string Json(LatencyHistogram histogram) => JsonSerializer.Serialize(histogram, ReportJson.Default.Options.GetTypeInfo(typeof(LatencyHistogram)));
}
