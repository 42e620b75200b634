using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;

namespace FlashDrop.Azure.Storage;

/// <summary>Requests sent to the storage account, retries included, by service and verb. Safe for concurrent use.</summary>
public sealed class OperationCounts
{
    private readonly ConcurrentDictionary<(string Service, string Verb), long> _counts = new();

    /// <summary>All of them.</summary>
    public long Total => _counts.Values.Sum();

    /// <summary>Those of one service.</summary>
    /// <param name="service"><c>blob</c>, <c>queue</c> or <c>table</c>.</param>
    public long Of(string service) => _counts.Where(pair => pair.Key.Service == service).Sum(pair => pair.Value);

    /// <summary>Those of one service and verb.</summary>
    /// <param name="service"><c>blob</c>, <c>queue</c> or <c>table</c>.</param>
    /// <param name="verb">HTTP method, upper case.</param>
    public long Of(string service, string verb) => _counts.GetValueOrDefault((service, verb));

    /// <summary>The counts as they stand, by <c>service verb</c>.</summary>
    public IReadOnlyDictionary<string, long> Snapshot() =>
        _counts.ToDictionary(pair => $"{pair.Key.Service} {pair.Key.Verb}", pair => pair.Value, StringComparer.Ordinal);

    /// <summary>Starts again at zero.</summary>
    public void Reset() => _counts.Clear();

    internal void Add(string service, string verb) => _counts.AddOrUpdate((service, verb), 1, static (_, count) => count + 1);
}

/// <summary>
/// Counts the requests of one client. Belongs at <see cref="HttpPipelinePosition.PerRetry"/>: what a retry costs is counted, too.
/// </summary>
/// <param name="service">Name the requests are counted under: <c>blob</c>, <c>queue</c> or <c>table</c>.</param>
/// <param name="counts">Where they are counted.</param>
public sealed class OperationCountingPolicy(string service, OperationCounts counts) : HttpPipelineSynchronousPolicy
{
    /// <inheritdoc />
    public override void OnSendingRequest(HttpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        counts.Add(service, message.Request.Method.Method);
    }
}
