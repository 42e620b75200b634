using System.Text.Json.Serialization;
using Azure;
using Azure.Storage.Blobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.LocalHost.Mirror;

/// <summary>
/// Copies files that appear or change in the local <c>inbox</c> folder into the container. Deletions are not copied: a drop that
/// was made stays made. Remembers what it copied, so that a restart drops nothing twice.
/// </summary>
/// <param name="folder">The local folder.</param>
/// <param name="statePath">Where it remembers.</param>
/// <param name="blobs">The account's blobs.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where trouble goes.</param>
internal sealed class InboxMirror(string folder, string statePath, BlobServiceClient blobs, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.System,
    };

    private readonly HashSet<SeenFile> _complained = [];
    private readonly BlobContainerClient _container = blobs.GetBlobContainerClient(Containers.Inbox);
    private readonly StableFiles _files = new(StateFile.Read(statePath, MirrorJson.Default.ListSeenFile) ?? []);

    /// <summary>Mirrors until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var file in _files.Look(List()))
            {
                await CopyAsync(file, stopping);
            }

            await Task.Delay(Interval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private List<SeenFile> List()
    {
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateFiles("*", Everything).Select(file =>
                    new SeenFile(Path.GetRelativePath(folder, file.FullName).Replace('\\', '/'), file.Length, file.LastWriteTimeUtc)),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder vanished under the listing; the next look is complete.
            return [];
        }
    }

    private async Task CopyAsync(SeenFile file, CancellationToken stopping)
    {
        try
        {
            await using var stream = new FileStream(
                Path.Combine(folder, file.Path), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
            await _container.GetBlobClient(file.Path).UploadAsync(stream, overwrite: true, stopping);
            _files.Take(file);
            StateFile.Write(statePath, [.. _files.Taken], MirrorJson.Default.ListSeenFile);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Shutdown; the file is still there next time.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or RequestFailedException or AggregateException)
        {
            // Open in another program, gone again, or storage away: the next look tries again.
            if (_complained.Add(file))
            {
                Log.NotMirrored(logger, file.Path, exception.Message);
            }
        }
    }
}

[JsonSerializable(typeof(List<SeenFile>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class MirrorJson : JsonSerializerContext;
