using System.Net.Sockets;
using Azure;
using Azure.Identity;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>Tells "storage cannot do it now" from an answer about the data, and says what to do.</summary>
internal static class StorageErrors
{
    /// <summary>Whether to throw <see cref="Unavailable"/> instead of <paramref name="exception"/>.</summary>
    /// <param name="exception">What a client threw after its own retries.</param>
    /// <param name="cancellationToken">The caller's token: its cancellation is no failure of storage.</param>
    public static bool IsUnavailable(Exception exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && Explain(exception, "") is not null;

    /// <summary>Says what failed and what to do.</summary>
    /// <param name="exception">What a client threw after its own retries.</param>
    /// <param name="target">What was addressed: <c>table jobs</c>, <c>blob inbox/a.mp3</c>.</param>
    public static StorageUnavailableException Unavailable(Exception exception, string target) =>
        new(Explain(exception, target) ?? $"Storage failed for {target}.", exception);

    private static string? Explain(Exception exception, string target) =>
        (exception is AggregateException { InnerExceptions: [.., var last] } ? last : exception) switch
        {
            RequestFailedException failed => Remedy(failed) is { } remedy
                ? $"Storage refused {target} ({Describe(failed)}). {remedy}"
                : null,
            AuthenticationFailedException =>
                $"Signing in to storage for {target} failed. Check the identity in AzureWebJobsStorage__credential and __clientId, or set a connection string.",
            HttpRequestException or IOException or SocketException or OperationCanceledException or TimeoutException =>
                $"Storage did not answer about {target}. Check that the account, or Azurite, is running and reachable; it is tried again.",
            _ => null,
        };

    private static string? Remedy(RequestFailedException failed) => failed switch
    {
        { ErrorCode: "ContainerNotFound" or "QueueNotFound" or "TableNotFound" } =>
            "It does not exist: deploy the infrastructure, or start LocalHost, which creates what is missing.",
        { ErrorCode: "ContainerBeingDeleted" or "QueueBeingDeleted" or "TableBeingDeleted" } =>
            "It is being deleted; wait a minute.",
        { Status: 401 or 403 } =>
            "Give the identity the storage data roles (Blob Data Owner, Queue Data Contributor, Table Data Contributor), or check the account key and firewall.",
        { Status: 0 } =>
            "Check that the account, or Azurite, is running and reachable; it is tried again.",
        { Status: 408 or 429 or >= 500 } or { ErrorCode: "OperationTimedOut" } =>
            "The service is busy or failing; it is tried again. If it lasts, look at the account's throttling metrics.",
        _ => null,
    };

    private static string Describe(RequestFailedException failed) =>
        failed.Status == 0 ? "no answer" : $"HTTP {failed.Status} {failed.ErrorCode}".TrimEnd();
}
