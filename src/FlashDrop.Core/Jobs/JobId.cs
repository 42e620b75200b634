using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.Core.Jobs;

/// <summary>
/// Identity of a job: a ULID, whose time is the moment of acceptance (or, for a drop, the blob's last modification).
/// Table keys are computed from it, so an id alone is a point read.
/// </summary>
[JsonConverter(typeof(JobIdJsonConverter))]
public readonly record struct JobId : IComparable<JobId>
{
    /// <summary>Number of partitions a day is spread over.</summary>
    public const int ShardsPerDay = 16;

    private readonly Ulid _value;

    private JobId(Ulid value) => _value = value;

    /// <summary>The time inside the id, UTC, to the millisecond.</summary>
    public DateTimeOffset Time => _value.Time;

    /// <summary>Table partition of the job: <c>{yyyyMMdd}-{shard}</c>, the shard one hexadecimal digit.</summary>
    public string Partition => PartitionOf(DateOnly.FromDateTime(Time.UtcDateTime), _value.ToByteArray()[15] % ShardsPerDay);

    /// <summary>A new id.</summary>
    /// <param name="time">Acceptance time.</param>
    /// <param name="random">Ten random bytes.</param>
    public static JobId Create(DateTimeOffset time, ReadOnlySpan<byte> random) => new(Ulid.NewUlid(time, random[..10]));

    /// <summary>
    /// The id of a drop, derived so that a redelivered event is the same job: time = last modification,
    /// random part = first ten bytes of SHA-256 over container, path and ETag.
    /// </summary>
    public static JobId ForDrop(string container, string path, string etag, DateTimeOffset lastModified)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{container}\n{path}\n{etag.Trim('"')}"));
        return Create(lastModified, hash);
    }

    /// <summary>The partition of one shard of a day.</summary>
    public static string PartitionOf(DateOnly day, int shard) => $"{day:yyyyMMdd}-{shard:x1}";

    /// <summary>Reads the 26-character text form, in either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out JobId id)
    {
        // The first character of a 128-bit value in base 32 is at most 7.
        if (text is { Length: 26 } && text[0] is >= '0' and <= '7' && Ulid.TryParse(text.ToUpperInvariant(), out var value)
            && string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
        {
            id = new JobId(value);
            return true;
        }

        id = default;
        return false;
    }

    /// <summary>Reads the 26-character text form.</summary>
    /// <exception cref="FormatException">The text is not a job id.</exception>
    public static JobId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a job id: expected a 26-character ULID.");

    /// <summary>The 26-character text form, upper case.</summary>
    public override string ToString() => _value.ToString();

    /// <inheritdoc />
    public int CompareTo(JobId other) => _value.CompareTo(other._value);

    /// <summary>Orders by time.</summary>
    public static bool operator <(JobId left, JobId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by time.</summary>
    public static bool operator >(JobId left, JobId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by time.</summary>
    public static bool operator <=(JobId left, JobId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by time.</summary>
    public static bool operator >=(JobId left, JobId right) => left.CompareTo(right) >= 0;
}

/// <summary>Writes a job id as its text form.</summary>
internal sealed class JobIdJsonConverter : JsonConverter<JobId>
{
    public override JobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JobId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Expected a job id (26-character ULID).");

    public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
