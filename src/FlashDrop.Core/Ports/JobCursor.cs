using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Ports;

/// <summary>
/// Where a listing of jobs stands: a partition, and the last job handed out of it. Callers get it as opaque text; implementations
/// of <see cref="IJobStore"/> share the form.
/// </summary>
/// <param name="Day">Day of the partition.</param>
/// <param name="Shard">Shard of the day, 0 to 15.</param>
/// <param name="Before">Continue with older jobs than this; null at the start of the partition.</param>
public readonly record struct JobCursor(DateOnly Day, int Shard, JobId? Before)
{
    private const string Version = "1";
    private const int MaxPageSize = 1000;

    /// <summary>The text handed to callers: URL-safe.</summary>
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes($"{Version}.{JobId.PartitionOf(Day, Shard)}.{Before}"));

    /// <summary>Where a query starts: after its cursor, or at the first shard of its newest day.</summary>
    /// <exception cref="ArgumentException">
    /// The cursor is not one of ours, or belongs to other days; the days are in the wrong order; or the page size is out of range.
    /// </exception>
    public static JobCursor StartOf(JobQuery query)
    {
        if (query.PageSize is < 1 or > MaxPageSize)
        {
            throw new ArgumentException($"A page has 1 to {MaxPageSize} rows, not {query.PageSize}.", nameof(query));
        }

        if (query.From > query.To)
        {
            throw new ArgumentException($"The days are in the wrong order: {query.From:yyyy-MM-dd} is after {query.To:yyyy-MM-dd}.", nameof(query));
        }

        if (query.Cursor is null)
        {
            return new JobCursor(query.To, 0, null);
        }

        return TryParse(query.Cursor, out var cursor) && cursor.Value.Day >= query.From && cursor.Value.Day <= query.To
            ? cursor.Value
            : throw new ArgumentException("The cursor is not one this listing handed out; start again without it.", nameof(query));
    }

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out JobCursor? cursor)
    {
        cursor = null;
        if (text is not { Length: > 0 and <= 64 } || !Base64Url.IsValid(text))
        {
            return false;
        }

        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        if (parts is not [Version, { Length: 10 } partition, var before]
            || !DateOnly.TryParseExact(partition.AsSpan(0, 8), "yyyyMMdd", out var day)
            || Array.FindIndex(Shards, shard => shard == partition[9]) is not (>= 0 and var shardIndex))
        {
            return false;
        }

        JobId? last = null;
        if (before.Length > 0)
        {
            if (!JobId.TryParse(before, out var id) || id.Partition != partition)
            {
                return false;
            }

            last = id;
        }

        var read = new JobCursor(day, shardIndex, last);
        if (read.ToString() != text)
        {
            return false;
        }

        cursor = read;
        return true;
    }

    /// <summary>The partition after this one in listing order, or null past <paramref name="from"/>.</summary>
    public JobCursor? NextPartition(DateOnly from)
    {
        if (Shard < JobId.ShardsPerDay - 1)
        {
            return new JobCursor(Day, Shard + 1, null);
        }

        return Day > from ? new JobCursor(Day.AddDays(-1), 0, null) : null;
    }

    private static readonly char[] Shards = [.. "0123456789abcdef"];
}
