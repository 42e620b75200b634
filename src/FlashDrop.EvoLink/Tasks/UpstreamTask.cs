namespace FlashDrop.EvoLink.Tasks;

/// <summary>The upstream's asynchronous unit of work, as it described itself.</summary>
public sealed record UpstreamTask
{
    /// <summary>Opaque id, up to 256 characters.</summary>
    public required string Id { get; init; }

    /// <summary>Status as spelled by the upstream; an open set, compared case-insensitively.</summary>
    public required string Status { get; init; }

    /// <summary>Percent done, 0 to 100; a hint only.</summary>
    public int? Progress { get; init; }

    /// <summary>When the upstream says it was created.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The model that will run.</summary>
    public string? Model { get; init; }

    /// <summary>The upstream's hint how long the task will take.</summary>
    public TimeSpan? EstimatedTime { get; init; }
}
