using System.Buffers;
using System.Text.Json;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Responses;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Relay;

/// <summary>What a payload of an answer is.</summary>
public enum PayloadKind
{
    /// <summary>A part of the answer, or all of it.</summary>
    Chunk,

    /// <summary>An error in the upstream's words.</summary>
    Error,

    /// <summary>The closing sentinel <c>[DONE]</c>.</summary>
    Done,

    /// <summary>Well-formed, and of no meaning here.</summary>
    Notice,

    /// <summary>Not JSON.</summary>
    Malformed,
}

/// <summary>
/// Follows one answer, native or OpenAI, payload by payload, without building it: whether it ended on purpose, its counts, and who gave it.
/// Not safe for concurrent use.
/// </summary>
public sealed class AnswerScan
{
    /// <summary>Google counts anew on every chunk: the latest counts are kept as bytes and read when somebody asks.</summary>
    private readonly ArrayBufferWriter<byte> _counts = new();
    private readonly ChunkPattern _pattern = new();
    private int _counted;
    private TokenUsage? _usage;

    /// <summary>Token counts seen so far, field by field the latest; null while none came.</summary>
    public TokenUsage? Usage
    {
        get
        {
            Settle();
            return _usage;
        }
    }

    /// <summary>The model that answers, as it names itself.</summary>
    public string? ModelVersion { get; private set; }

    /// <summary>The upstream's id of the answer.</summary>
    public string? ResponseId { get; private set; }

    /// <summary>Why the model stopped, as spelled; null while it did not.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Whether the prompt was blocked.</summary>
    public bool Blocked { get; private set; }

    /// <summary>Whether the answer ended on purpose: with a finish reason, or because the prompt was blocked.</summary>
    public bool IsWhole => FinishReason is not null || Blocked;

    /// <summary>Whether any part of the answer came.</summary>
    public bool HasChunk { get; private set; }

    /// <summary>Whether the last payload was OpenAI's extra chunk of counts without choices.</summary>
    public bool IsUsageOnly { get; private set; }

    /// <summary>Takes the next payload.</summary>
    public PayloadKind Take(ReadOnlySpan<byte> payload)
    {
        IsUsageOnly = false;
        payload = payload.Trim(" \r\n\t"u8);
        if (_pattern.Fits(payload, out var counts))
        {
            Keep(counts, _pattern.Counted);
            return PayloadKind.Chunk;
        }

        _pattern.Forget();
        if (payload.IsEmpty)
        {
            return PayloadKind.Notice;
        }

        if (payload.SequenceEqual("[DONE]"u8))
        {
            return PayloadKind.Done;
        }

        try
        {
            var kind = Scan(payload);
            HasChunk |= kind == PayloadKind.Chunk;
            return kind;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Broken JSON, or half a surrogate pair where a name was read.
            return PayloadKind.Malformed;
        }
    }

    /// <summary>Merges a native answer that came as a stream although it was asked for whole; null when it is no whole answer.</summary>
    public static byte[]? Merge(ReadOnlySpan<byte> body, long maxFrameBytes) =>
        StreamReading.ReadWhole(body, maxFrameBytes, new ErrorContext(200)) is StreamEvent.Finished { Answer.Raw: { } raw }
            ? JsonSerializer.SerializeToUtf8Bytes(raw, RelayJson.Default.JsonElement)
            : null;

    private PayloadKind Scan(ReadOnlySpan<byte> payload)
    {
        // What is no object has no names: nothing of it is known.
        var reader = new Utf8JsonReader(payload);
        reader.Read();
        var (isChunk, isError, emptyChoices, hasUsage) = (false, false, false, false);
        string? model = null;
        string? finish = null;
        var blocked = false;
        var (counts, counted, text) = (0..0, 0, 0..0);
        TokenUsage? usage = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(in reader, "candidates"u8))
            {
                reader.Read();
                isChunk = true;
                ScanChoices(ref reader, ref finish, ref isError, ref text);
            }
            else if (Is(in reader, "choices"u8))
            {
                reader.Read();
                isChunk = true;
                emptyChoices = !ScanChoices(ref reader, ref finish, ref isError, ref text);
            }
            else if (Is(in reader, "usageMetadata"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    counted = ScanCounts(ref reader);
                    counts = start..(int)reader.BytesConsumed;
                    isChunk = hasUsage = true;
                }

                reader.Skip();
            }
            else if (Is(in reader, "usage"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    usage = UsageReader.OpenAi(JsonElement.ParseValue(ref reader));
                    hasUsage = true;
                }

                reader.Skip();
            }
            else if (Is(in reader, "modelVersion"u8) || Is(in reader, "model"u8))
            {
                isChunk |= Is(in reader, "modelVersion"u8);
                reader.Read();
                if (IsText(in reader))
                {
                    model = reader.ValueTextEquals(ModelVersion) ? ModelVersion : JsonRead.Label(reader.GetString());
                }

                reader.Skip();
            }
            else if (Is(in reader, "promptFeedback"u8))
            {
                reader.Read();
                isChunk |= reader.TokenType == JsonTokenType.StartObject;
                blocked |= ScanFeedback(ref reader);
            }
            else if (ResponseId is null && (Is(in reader, "responseId"u8) || Is(in reader, "id"u8)))
            {
                reader.Read();
                ResponseId = IsText(in reader) ? JsonRead.Label(reader.GetString()) : null;
                reader.Skip();
            }
            else if (Is(in reader, "error"u8))
            {
                reader.Read();
                isError |= reader.TokenType is JsonTokenType.StartObject or JsonTokenType.True || IsText(in reader);
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        // Trailing bytes are a break, too.
        while (reader.Read())
        {
        }

        if (isError)
        {
            return PayloadKind.Error;
        }

        if (!isChunk)
        {
            return OfUnknown(payload);
        }

        ModelVersion = model ?? ModelVersion;
        FinishReason = finish ?? FinishReason;
        Blocked |= blocked;
        if (usage is not null)
        {
            Settle();
            _usage = Latest(_usage, usage);
        }

        Keep(payload[counts], counted);
        IsUsageOnly = emptyChoices && hasUsage;
        if (!IsUsageOnly)
        {
            // Whatever it says besides its text and counts, the next one like it says nothing new.
            _pattern.Learn(payload, text, counts, counted);
        }

        return PayloadKind.Chunk;
    }

    /// <summary>Keeps Google's counts; the ones before are read only if they have something these lack.</summary>
    private void Keep(ReadOnlySpan<byte> counts, int counted)
    {
        if ((_counted & ~counted) != 0)
        {
            Settle();
        }

        _counts.ResetWrittenCount();
        _counts.Write(counts);
        _counted = counted;
    }

    private void Settle()
    {
        if (_counted != 0)
        {
            _counted = 0;
            _usage = JsonRead.TryParse(_counts.WrittenSpan, out var counts) ? Latest(_usage, UsageReader.Native(counts)) : _usage;
        }
    }

    /// <summary>Reads past Google's counts; which of them are there and not zero, a bit for each.</summary>
    private static int ScanCounts(ref Utf8JsonReader reader)
    {
        var found = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var bit =
                Is(in reader, "promptTokenCount"u8) ? 1
                : Is(in reader, "candidatesTokenCount"u8) ? 2
                : Is(in reader, "totalTokenCount"u8) ? 4
                : Is(in reader, "promptTokensDetails"u8) ? 8
                : Is(in reader, "thoughtsTokenCount"u8) ? 16
                : Is(in reader, "cachedContentTokenCount"u8) ? 32
                : Is(in reader, "toolUsePromptTokenCount"u8) ? 64
                : Is(in reader, "cacheTokensDetails"u8) ? 128
                : 0;
            reader.Read();
            var isSomething = reader.TokenType is JsonTokenType.Number or JsonTokenType.String
                ? !reader.ValueSpan.IsEmpty && !reader.ValueSpan.SequenceEqual("0"u8)
                : reader.TokenType == JsonTokenType.StartArray && !IsEmptyArray(reader);
            found |= isSomething ? bit : 0;
            reader.Skip();
        }

        return found;
    }

    /// <summary>Whether the name read is this one; nearly always the bytes say so.</summary>
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.ValueIsEscaped ? reader.ValueTextEquals(name) : reader.ValueSpan.SequenceEqual(name);

    /// <summary>Whether the value read is a string that says something.</summary>
    private static bool IsText(in Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;

    /// <summary>Whether the array begun ends at once; looks ahead in a copy.</summary>
    private static bool IsEmptyArray(Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.EndArray;

    /// <summary>Reads the finish reasons of an array of candidates or choices, and where its last text is; whether it has any element.</summary>
    private static bool ScanChoices(ref Utf8JsonReader reader, ref string? finish, ref bool isError, ref Range text)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var depth = reader.CurrentDepth;
        var any = false;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            any |= reader.TokenType == JsonTokenType.StartObject && reader.CurrentDepth == depth + 1;
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.CurrentDepth == depth + 2 && (Is(in reader, "finishReason"u8) || Is(in reader, "finish_reason"u8)))
            {
                reader.Read();
                finish = IsText(in reader) ? JsonRead.Label(reader.GetString()) : finish;
                isError |= string.Equals(finish, "error", StringComparison.Ordinal);
            }
            else if (Is(in reader, "text"u8) || Is(in reader, "content"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    var start = (int)reader.TokenStartIndex + 1;
                    text = start..(start + reader.ValueSpan.Length);
                }
            }
        }

        return any;
    }

    private static bool ScanFeedback(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var blocked = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("blockReason"u8);
            reader.Read();
            blocked |= isReason && IsText(in reader);
            reader.Skip();
        }

        return blocked;
    }

    private static PayloadKind OfUnknown(ReadOnlySpan<byte> payload) =>
        JsonRead.TryParse(payload, out var json) && ErrorReader.IsError(json) ? PayloadKind.Error : PayloadKind.Notice;

    private static TokenUsage? Latest(TokenUsage? old, TokenUsage? next) => (old, next) switch
    {
        (null, _) => next,
        (_, null) => old,
        _ => next with
        {
            PromptTokens = Pick(next.PromptTokens, old.PromptTokens),
            CachedTokens = Pick(next.CachedTokens, old.CachedTokens),
            CandidatesTokens = Pick(next.CandidatesTokens, old.CandidatesTokens),
            ThoughtsTokens = Pick(next.ThoughtsTokens, old.ThoughtsTokens),
            ToolUsePromptTokens = Pick(next.ToolUsePromptTokens, old.ToolUsePromptTokens),
            TotalTokens = Pick(next.TotalTokens, old.TotalTokens),
            PromptDetails = next.PromptDetails.Count > 0 ? next.PromptDetails : old.PromptDetails,
            CacheDetails = next.CacheDetails.Count > 0 ? next.CacheDetails : old.CacheDetails,
        },
    };

    private static long Pick(long next, long old) => next > 0 ? next : old;
}
