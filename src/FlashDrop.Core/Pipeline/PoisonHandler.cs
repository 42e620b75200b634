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
        EndAsync(Queues.Submit + Queues.PoisonSuffix, PortJson.TryReadSubmit(text, out var message) ? message.JobId : null, cancellationToken);

    /// <summary>A dead letter of the <c>poll</c> queue.</summary>
    public Task HandlePollAsync(string text, CancellationToken cancellationToken) =>
        EndAsync(Queues.Poll + Queues.PoisonSuffix, PortJson.TryReadPoll(text, out var message) ? message.Job.Id : null, cancellationToken);

    /// <summary>A dead letter of the host's blob trigger.</summary>
    public async Task HandleDropAsync(string text, CancellationToken cancellationToken)
    {
        var path = ReadPath(text);
        Log.Poisoned(logger, Queues.BlobTriggerPoison, path ?? "it names no drop");
        if (path is not null)
        {
            await drops.GiveUpAsync(path, Queues.BlobTriggerPoison, cancellationToken);
        }
    }

    private async Task EndAsync(string queue, JobId? id, CancellationToken cancellationToken)
    {
        Log.Poisoned(logger, queue, id?.ToString() ?? "it names no job");
        if (id is { } known && await jobs.FindAsync(known, cancellationToken) is { } stored)
        {
            await changes.ApplyAsync(stored, new JobEvent.Poisoned(queue), cancellationToken);
        }
    }

    private static string? ReadPath(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(Decode(text), PoisonJson.Default.BlobTriggerMessage) is
            {
                ContainerName: Containers.Inbox, BlobName: { Length: > 0 } name,
            }
                ? name
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            // Not a dead letter of the blob trigger; there is nothing to end.
            return null;
        }
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
