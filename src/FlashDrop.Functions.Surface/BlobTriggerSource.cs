namespace Microsoft.Azure.Functions.Worker;

/// <summary>How blob changes are detected.</summary>
public enum BlobTriggerSource
{
    /// <summary>Storage logs and periodic container scans.</summary>
    LogsAndContainerScan,

    /// <summary>Event Grid events.</summary>
    EventGrid,
}
