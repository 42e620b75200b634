namespace FlashDrop.Gateway.Health;

/// <summary>One thing the service cannot work without. Must be cheap and safe for concurrent use.</summary>
public interface IHealthProbe
{
    /// <summary>Short name shown in the answer, for example <c>jobs-table</c>.</summary>
    string Name { get; }

    /// <summary>Returns when the thing answers, throws when it does not; the exception is logged, never shown.</summary>
    Task CheckAsync(CancellationToken cancellationToken);
}
