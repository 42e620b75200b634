using FlashDrop.Core.Ports;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Names of blobs that a request may point at.</summary>
internal static class BlobNames
{
    /// <summary>The longest name Blob Storage takes, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>Where a caller's uploads live in <c>requests</c>.</summary>
    public static string UploadPrefix(string caller) => $"uploads/{caller}/";

    /// <summary>Whether a name can only mean one blob: no empty, <c>.</c> or <c>..</c> segments, no backslash, no control characters.</summary>
    public static bool IsSafe(string name) =>
        name.Length is > 0 and <= MaxLength
        && !name.Any(c => char.IsControl(c) || c == '\\')
        && name.Split('/').All(segment => segment.Length > 0 && segment is not ("." or "..") && !segment.EndsWith('.'));

    /// <summary>Whether the caller may use a blob as an input: any drop, or an upload of its own.</summary>
    public static bool IsAllowed(string caller, string container, string name) => container switch
    {
        Containers.Inbox => true,
        Containers.Requests => name.StartsWith(UploadPrefix(caller), StringComparison.Ordinal),
        _ => false,
    };
}
