using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace FlashDrop.LocalHost.Mirror;

/// <summary>
/// Copies a container out into a local folder. A file somebody deleted stays deleted until its blob changes; the only files this
/// removes are its own copies of outcomes that a later one replaced.
/// </summary>
/// <param name="folder">The local folder, absolute.</param>
/// <param name="statePath">Where it remembers; null for in memory only.</param>
/// <param name="blobs">The account's blobs.</param>
/// <param name="container">The container.</param>
/// <param name="prefix">Only blobs whose names contain this; null for all.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where trouble goes.</param>
internal sealed class OutputMirror(
    string folder,
    string? statePath,
    BlobServiceClient blobs,
    string container,
    string? prefix,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly BlobContainerClient _container = blobs.GetBlobContainerClient(container);
    private readonly HashSet<string> _complained = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _copied =
        (statePath is null ? null : StateFile.Read(statePath, MirrorJson.Default.DictionaryStringString)) ?? [];

    /// <summary>Mirrors until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await MirrorAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is RequestFailedException or AggregateException)
            {
                Log.StorageTrouble(logger, container, exception.Message, exception);
            }

            await Task.Delay(Interval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Copies what is new, once.</summary>
    public async Task MirrorAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, DateTimeOffset> modified = new(StringComparer.Ordinal);
        Dictionary<string, string> etags = new(StringComparer.Ordinal);
        await foreach (var blob in _container.GetBlobsAsync(new GetBlobsOptions(), cancellationToken))
        {
            if (prefix is null || blob.Name.Contains(prefix, StringComparison.Ordinal))
            {
                modified[blob.Name] = blob.Properties.LastModified ?? DateTimeOffset.MinValue;
                etags[blob.Name] = blob.Properties.ETag?.ToString() ?? string.Empty;
            }
        }

        var current = Outcomes.Current(modified).ToHashSet(StringComparer.Ordinal);
        var changed = false;
        foreach (var name in current.Where(name => !string.Equals(_copied.GetValueOrDefault(name), etags[name], StringComparison.Ordinal)))
        {
            changed |= await CopyAsync(name, etags[name], cancellationToken);
        }

        foreach (var name in Outcomes.Stale(current, _copied.Keys.ToHashSet(StringComparer.Ordinal)))
        {
            if (LocalPaths.Map(folder, name) is { } path)
            {
                File.Delete(path);
            }

            changed |= _copied.Remove(name);
        }

        if (changed && statePath is not null)
        {
            StateFile.Write(statePath, _copied, MirrorJson.Default.DictionaryStringString);
        }
    }

    private async Task<bool> CopyAsync(string name, string etag, CancellationToken cancellationToken)
    {
        if (LocalPaths.Map(folder, name) is not { } path)
        {
            Complain(name, "its name is no file name here");
            return false;
        }

        try
        {
            var directory = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(directory);
            var draft = Path.Combine(directory, $".{Path.GetFileName(path)}.tmp");
            await _container.GetBlobClient(name).DownloadToAsync(draft, cancellationToken);
            File.Move(draft, path, overwrite: true);
            _copied[name] = etag;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or RequestFailedException { Status: 404 })
        {
            Complain(name, exception.Message);
            return false;
        }
    }

    private void Complain(string name, string reason)
    {
        if (_complained.Add(name))
        {
            Log.NotMirrored(logger, $"{container}/{name}", reason);
        }
    }
}
