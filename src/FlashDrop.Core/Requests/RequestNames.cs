using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Requests;

/// <summary>Names of a job's blobs in <c>requests</c>: <c>{yyyy}/{MM}/{dd}/{id}.json</c> and, below the same folder, inline inputs.</summary>
internal static class RequestNames
{
    /// <summary>Where an input goes that has to have another name for the upstream: <c>renamed/{etag}{extension}</c>.</summary>
    public const string Renamed = "renamed/";

    private const int IdLength = 26;
    private const int DateLength = 11;

    /// <summary>What all of a job's names begin with.</summary>
    public static string Folder(JobId id) => $"{id.Time:yyyy}/{id.Time:MM}/{id.Time:dd}/{id}";

    /// <summary>The job a blob belongs to; null for uploads and renamed inputs.</summary>
    public static JobId? JobOf(string name) =>
        name.Length > DateLength + IdLength && JobId.TryParse(name.Substring(DateLength, IdLength), out var id)
        && name.StartsWith(Folder(id), StringComparison.Ordinal)
            ? id
            : null;
}
