using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Ports;

/// <summary>
/// The JSON in rows and queue messages: camel case, nulls left out, enums by name. One form for every implementation of the ports,
/// and for whoever reads a message as text.
/// </summary>
public static class PortJson
{
    // Rows and messages are never put into HTML; escaping every non-ASCII letter would double their size.
    private static readonly JsonSerializerOptions Options = new(PortJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a job.</summary>
    public static string Write(Job job) => JsonSerializer.Serialize(job, TypeInfo<Job>());

    /// <summary>Writes a submit message.</summary>
    public static string Write(SubmitMessage message) => JsonSerializer.Serialize(message, TypeInfo<SubmitMessage>());

    /// <summary>Writes a poll message.</summary>
    public static string Write(PollMessage message) => JsonSerializer.Serialize(message, TypeInfo<PollMessage>());

    /// <summary>Writes a usage record.</summary>
    public static string Write(UsageRecord usage) => JsonSerializer.Serialize(usage, TypeInfo<UsageRecord>());

    /// <summary>Writes token counts by modality.</summary>
    public static string Write(IReadOnlyList<ModalityTokens> details) => JsonSerializer.Serialize(details, TypeInfo<IReadOnlyList<ModalityTokens>>());

    /// <summary>Writes a caller.</summary>
    public static string Write(CallerRecord caller) => JsonSerializer.Serialize(caller, TypeInfo<CallerRecord>());

    /// <summary>Writes a ledger.</summary>
    public static string Write(BudgetLedger ledger) => JsonSerializer.Serialize(ledger, TypeInfo<BudgetLedger>());

    /// <summary>Reads a caller.</summary>
    /// <exception cref="JsonException">The text is not a caller.</exception>
    public static CallerRecord ReadCaller(string json) => Read<CallerRecord>(json);

    /// <summary>Reads a ledger.</summary>
    /// <exception cref="JsonException">The text is not a ledger.</exception>
    public static BudgetLedger ReadLedger(string json) => Read<BudgetLedger>(json);

    /// <summary>Reads a job.</summary>
    /// <exception cref="JsonException">The text is not a job.</exception>
    public static Job ReadJob(string json) => Read<Job>(json);

    /// <summary>Reads a usage record.</summary>
    /// <exception cref="JsonException">The text is not a usage record.</exception>
    public static UsageRecord ReadUsage(string json) => Read<UsageRecord>(json);

    /// <summary>Reads token counts by modality.</summary>
    /// <exception cref="JsonException">The text is not a list of counts.</exception>
    public static IReadOnlyList<ModalityTokens> ReadModalities(string json) => Read<IReadOnlyList<ModalityTokens>>(json);

    /// <summary>Reads a submit message; false when the text is not a valid one.</summary>
    public static bool TryReadSubmit(string text, [NotNullWhen(true)] out SubmitMessage? message)
    {
        message = TryRead<SubmitMessage>(text);
        if (message is null || message.JobId == default || message.Attempt < 1)
        {
            message = null;
        }

        return message is not null;
    }

    /// <summary>Reads a poll message; false when the text is not a valid one.</summary>
    public static bool TryReadPoll(string text, [NotNullWhen(true)] out PollMessage? message)
    {
        message = TryRead<PollMessage>(text);
        if (message is not { Job: not null, Version.Length: > 0, Polls: >= 0 } || message.Job.Id == default)
        {
            message = null;
        }

        return message is not null;
    }

    private static T? TryRead<T>(string text)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text, TypeInfo<T>());
        }
        catch (JsonException)
        {
            // Not ours, or cut: the caller decides what to do with the text.
            return null;
        }
    }

    private static T Read<T>(string json)
        where T : class =>
        JsonSerializer.Deserialize(json, TypeInfo<T>()) ?? throw new JsonException($"Expected a {typeof(T).Name}, found null.");

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true,
    NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(SubmitMessage))]
[JsonSerializable(typeof(PollMessage))]
[JsonSerializable(typeof(UsageRecord))]
[JsonSerializable(typeof(CallerRecord))]
[JsonSerializable(typeof(BudgetLedger))]
[JsonSerializable(typeof(IReadOnlyList<ModalityTokens>))]
internal sealed partial class PortJsonContext : JsonSerializerContext;
