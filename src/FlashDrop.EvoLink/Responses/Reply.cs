using System.Text.Json;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Streaming;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink.Responses;

/// <summary>What a successful transport brought, told by the body alone: a closed set.</summary>
internal abstract record Reply
{
    private Reply()
    {
    }

    /// <summary>A task to poll.</summary>
    public sealed record Accepted(UpstreamTask Task) : Reply;

    /// <summary>A finished answer.</summary>
    public sealed record Whole(Answer Answer, bool Streamed) : Reply;

    /// <summary>An error although the transport said 2xx.</summary>
    public sealed record Refusal(UpstreamError Error) : Reply;

    /// <summary>Nothing, or an answer that broke off.</summary>
    public sealed record Cut(UpstreamError Error) : Reply;

    /// <summary>Tells what the body of a 2xx answer to a generation call is.</summary>
    public static Reply Classify(ReadOnlySpan<byte> body, long maxFrameBytes, ErrorContext context)
    {
        var content = body.TrimStart((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF, (byte)' ', (byte)'\r', (byte)'\n', (byte)'\t']);
        if (content.IsEmpty)
        {
            return new Cut(Local("empty_response", "The answer has no body.", context));
        }

        if (content[0] is not ((byte)'{' or (byte)'['))
        {
            return LooksLikeEvents(content)
                ? FromStream(content, maxFrameBytes, context)
                : new Refusal(ErrorReader.Read(content, context));
        }

        if (!JsonRead.TryParse(content, out var root))
        {
            // Several objects in a row, or an answer that broke off: the stream reader tells them apart.
            return FromStream(content, maxFrameBytes, context);
        }

        if (root.ValueKind == JsonValueKind.Array)
        {
            return FromStream(content, maxFrameBytes, context);
        }

        if (TaskReader.TryReadTask(root, out var task, out var envelope))
        {
            return TaskReader.StateOf(task) == TaskState.Failed
                ? new Refusal(ErrorReader.ReadTask(envelope, "unknown_error", context.Secret, context.RequestId))
                : new Accepted(task);
        }

        if (AnswerReader.TryRead(root, out var answer) && !root.Has("error"))
        {
            return new Whole(answer, Streamed: false);
        }

        return ErrorReader.IsError(root)
            ? new Refusal(ErrorReader.Read(root, context))
            : new Refusal(new UpstreamError
            {
                Kind = ErrorKind.Retry,
                Code = "unreadable_answer",
                Message = SecretMask.Clean($"The answer is JSON of no known form: {root.GetRawText()}", context.Secret),
                HttpStatus = context.HttpStatus,
                RequestId = context.RequestId,
            });
    }

    public static bool LooksLikeEvents(ReadOnlySpan<byte> content) =>
        content.StartsWith("data:"u8) || content.StartsWith(":"u8) || content.StartsWith("event:"u8) || content.StartsWith("id:"u8) || content.StartsWith("retry:"u8);

    private static Reply FromStream(ReadOnlySpan<byte> content, long maxFrameBytes, ErrorContext context) =>
        StreamReading.ReadWhole(content, maxFrameBytes, context) switch
        {
            StreamEvent.Finished finished => new Whole(finished.Answer, Streamed: true),

            // An error before any part of the answer is a plain refusal; after it, the answer was under way and is lost.
            StreamEvent.Broken { Partial: null } broken when broken.Error.Code is not ("malformed_frame" or "empty_response") => new Refusal(broken.Error),
            StreamEvent.Broken broken => new Cut(broken.Error),
            _ => throw new InvalidOperationException("A stream ends finished or broken."),
        };

    private static UpstreamError Local(string code, string message, ErrorContext context) =>
        new() { Kind = ErrorKind.Retry, Code = code, Message = message, HttpStatus = context.HttpStatus, RequestId = context.RequestId };
}
