namespace Microsoft.Azure.Functions.Worker;

/// <summary>Binding information of one execution.</summary>
public abstract class BindingContext
{
    /// <summary>Trigger metadata by name, for example <c>DequeueCount</c> of a queue message.</summary>
    public abstract IReadOnlyDictionary<string, object?> BindingData { get; }
}
