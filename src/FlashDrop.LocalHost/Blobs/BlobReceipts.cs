using System.Text.Json.Serialization;

namespace FlashDrop.LocalHost.Blobs;

/// <summary>
/// Which version of each blob was handled, so that an unchanged blob triggers once; kept in a file over restarts. Losing the file
/// is harmless: a blob that is handled again is the same job.
/// </summary>
/// <param name="path">The file; null keeps receipts in memory only.</param>
internal sealed class BlobReceipts(string? path)
{
    private readonly Dictionary<string, string> _handled = Read(path);
    private bool _changed;

    /// <summary>Whether this version was handled.</summary>
    public bool Contains(BlobVersion blob)
    {
        lock (_handled)
        {
            return _handled.TryGetValue(blob.Name, out var etag) && string.Equals(etag, blob.ETag, StringComparison.Ordinal);
        }
    }

    /// <summary>Notes that this version was handled.</summary>
    public void Add(BlobVersion blob)
    {
        lock (_handled)
        {
            _handled[blob.Name] = blob.ETag;
            _changed = true;
        }
    }

    /// <summary>Forgets blobs that are gone, and writes the file when anything changed.</summary>
    /// <param name="present">The names there are.</param>
    public void Save(IReadOnlySet<string> present)
    {
        lock (_handled)
        {
            foreach (var name in _handled.Keys.Where(name => !present.Contains(name)).ToList())
            {
                _handled.Remove(name);
                _changed = true;
            }

            if (_changed && path is not null)
            {
                StateFile.Write(path, _handled, ReceiptsJson.Default.DictionaryStringString);
                _changed = false;
            }
        }
    }

    private static Dictionary<string, string> Read(string? path) =>
        new(path is null ? [] : StateFile.Read(path, ReceiptsJson.Default.DictionaryStringString) ?? [], StringComparer.Ordinal);
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ReceiptsJson : JsonSerializerContext;
