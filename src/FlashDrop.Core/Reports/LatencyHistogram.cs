using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.Core.Reports;

/// <summary>
/// Durations counted in buckets that grow with the value: exact below 128 ms, above it 64 buckets to each doubling, so a percentile is
/// off by at most 1/128 (0.8%) of its value. Integer arithmetic only: the same durations give the same histogram in any order, on any
/// machine. Two of them merge without loss. At most <see cref="MaxBuckets"/> buckets, whatever is counted. Not safe for concurrent use.
/// </summary>
[JsonConverter(typeof(LatencyHistogramConverter))]
internal sealed class LatencyHistogram
{
    /// <summary>Largest relative error of a percentile.</summary>
    public const double RelativeError = 1d / (2 * PerDoubling);

    /// <summary>Buckets there can be at most.</summary>
    public const int MaxBuckets = (MaxBits - SubBits + 1) * PerDoubling;

    private const int SubBits = 6;
    private const int PerDoubling = 1 << SubBits;

    /// <summary>Durations from 2^40 ms (35 years) on count as that.</summary>
    private const int MaxBits = 40;

    private readonly SortedDictionary<int, long> _buckets = [];

    public LatencyHistogram()
    {
    }

    /// <summary>A histogram with the given counts by bucket.</summary>
    public LatencyHistogram(IReadOnlyDictionary<int, long> buckets, long maxMilliseconds)
    {
        foreach (var (index, count) in buckets)
        {
            AddToBucket(index, count);
        }

        MaxMilliseconds = maxMilliseconds;
    }

    /// <summary>Durations counted.</summary>
    public long Count { get; private set; }

    /// <summary>The longest one in milliseconds, exact.</summary>
    public long MaxMilliseconds { get; private set; }

    /// <summary>Counts by bucket, shortest first: the bucket's index and how many durations fell into it.</summary>
    public IReadOnlyDictionary<int, long> Buckets => _buckets;

    /// <summary>Counts a duration; a negative one, from clocks that disagree, counts as zero.</summary>
    public void Add(TimeSpan duration)
    {
        var milliseconds = Math.Clamp((long)Math.Round(duration.TotalMilliseconds), 0, (1L << MaxBits) - 1);
        AddToBucket(IndexOf(milliseconds), 1);
        MaxMilliseconds = Math.Max(MaxMilliseconds, milliseconds);
    }

    /// <summary>Adds what another one has counted.</summary>
    public void Merge(LatencyHistogram other)
    {
        foreach (var (index, count) in other._buckets)
        {
            AddToBucket(index, count);
        }

        MaxMilliseconds = Math.Max(MaxMilliseconds, other.MaxMilliseconds);
    }

    /// <summary>The duration that the given share of all durations does not exceed (nearest rank), or null when there is none.</summary>
    /// <param name="share">More than 0, at most 1.</param>
    public TimeSpan? Percentile(double share)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        foreach (var (index, count) in _buckets)
        {
            rank -= count;
            if (rank <= 0)
            {
                return TimeSpan.FromMilliseconds(Math.Min(MiddleOf(index), MaxMilliseconds));
            }
        }

        return TimeSpan.FromMilliseconds(MaxMilliseconds);
    }

    /// <summary>How many durations are at least <paramref name="from"/> and below <paramref name="to"/>, by the middle of their bucket.</summary>
    public long CountBetween(TimeSpan from, TimeSpan to) =>
        _buckets.Where(bucket => MiddleOf(bucket.Key) >= from.TotalMilliseconds && MiddleOf(bucket.Key) < to.TotalMilliseconds).Sum(bucket => bucket.Value);

    private void AddToBucket(int index, long count)
    {
        _buckets[index] = _buckets.GetValueOrDefault(index) + count;
        Count += count;
    }

    private static int IndexOf(long milliseconds)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)milliseconds | 1) - SubBits);
        return (shift * PerDoubling) + (int)(milliseconds >> shift);
    }

    private static long MiddleOf(int index)
    {
        var shift = Math.Max(0, (index / PerDoubling) - 1);
        var lowest = (long)(index - (shift * PerDoubling)) << shift;
        return lowest + ((1L << shift) / 2);
    }
}

/// <summary>Writes a histogram as a <see cref="LatencyView"/>.</summary>
internal sealed class LatencyHistogramConverter : JsonConverter<LatencyHistogram>
{
    public override LatencyHistogram Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var view = JsonSerializer.Deserialize(ref reader, ReportJson.Default.LatencyView) ?? throw new JsonException("Expected times, found null.");
        var buckets = new SortedDictionary<int, long>();
        foreach (var (key, count) in view.Buckets)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= LatencyHistogram.MaxBuckets || count <= 0)
            {
                throw new JsonException($"Bucket '{key}' of times is not one of ours.");
            }

            buckets[index] = count;
        }

        return new LatencyHistogram(buckets, view.MaxMilliseconds);
    }

    public override void Write(Utf8JsonWriter writer, LatencyHistogram value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(
            writer,
            new LatencyView
            {
                Count = value.Count,
                P50Seconds = value.Percentile(0.50)?.TotalSeconds,
                P95Seconds = value.Percentile(0.95)?.TotalSeconds,
                P99Seconds = value.Percentile(0.99)?.TotalSeconds,
                MaxMilliseconds = value.MaxMilliseconds,
                Buckets = value.Buckets.ToDictionary(bucket => $"{bucket.Key}", bucket => bucket.Value, StringComparer.Ordinal),
            },
            ReportJson.Default.LatencyView);
}

/// <summary>A histogram in JSON: the percentiles for people, the buckets for roll-ups.</summary>
internal sealed record LatencyView
{
    public required long Count { get; init; }

    public double? P50Seconds { get; init; }

    public double? P95Seconds { get; init; }

    public double? P99Seconds { get; init; }

    public required long MaxMilliseconds { get; init; }

    public required IReadOnlyDictionary<string, long> Buckets { get; init; }
}
