using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Pipeline;

/// <summary>Ends the job of a message that failed too often, so that nothing stays in limbo.</summary>
internal sealed class PoisonHandler(IJobStore jobs, DropIntake drops, JobChanges changes, ILogger<PoisonHandler> logger)
{
    /// <summary>A dead letter of the <c>submit</c> queue.</summary>
    public Task HandleSubmitAsync(string text, CancellationToken cancellationToken) =>
        EndAsync(Queues.Submit + Queues.PoisonSuffix, text, t => JsonSerializer.Deserialize(t, JobJson.Default.SubmitMessage)?.JobId, cancellationToken);

    /// <summary>A dead letter of the <c>poll</c> queue.</summary>
    public Task HandlePollAsync(string text, CancellationToken cancellationToken) =>
        EndAsync(Queues.Poll + Queues.PoisonSuffix, text, t => JsonSerializer.Deserialize(t, JobJson.Default.PollMessage)?.Job.Id, cancellationToken);

    /// <summary>A dead letter of the host's blob trigger.</summary>
    public async Task HandleDropAsync(string text, CancellationToken cancellationToken)
    {
        var path = Read(Queues.BlobTriggerPoison, text, t => JsonSerializer.Deserialize(Decode(t), PoisonJson.Default.BlobTriggerMessage) is
        {
            ContainerName: Containers.Inbox, BlobName: { Length: > 0 } name,
        }
            ? name
            : null);
        if (path is not null)
        {
            await drops.GiveUpAsync(path, Queues.BlobTriggerPoison, cancellationToken);
        }
    }

    private async Task EndAsync(string queue, string text, Func<string, JobId?> read, CancellationToken cancellationToken)
    {
        JobId? id = null;
        if (Read(queue, text, t => (id = read(t))?.ToString()) is not null && await jobs.FindAsync(id!.Value, cancellationToken) is { } stored)
        {
            await changes.ApplyAsync(stored, new JobEvent.Poisoned(queue), cancellationToken);
        }
    }

    private string? Read(string queue, string text, Func<string, string?> read)
    {
        string? result;
        try
        {
            result = read(text);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            Log.Poisoned(logger, queue, e.Message);
            return null;
        }

        Log.Poisoned(logger, queue, result ?? "it names nothing of ours");
        return result;
    }

    /// <summary>The host writes its own dead letters as base64 whatever the app's encoding is; be ready for both.</summary>
    private static string Decode(string text) =>
        text.TrimStart().StartsWith('{') ? text : Encoding.UTF8.GetString(Convert.FromBase64String(text));
}

/// <summary>What the host's blob trigger puts into its poison queue; only the members that are used.</summary>
internal sealed record BlobTriggerMessage
{
    public string? ContainerName { get; init; }

    public string? BlobName { get; init; }
}

/// <summary>JSON of the host's dead letters: PascalCase.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(BlobTriggerMessage))]
internal sealed partial class PoisonJson : JsonSerializerContext;
