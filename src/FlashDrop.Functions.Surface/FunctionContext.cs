namespace Microsoft.Azure.Functions.Worker;

/// <summary>One execution of a function.</summary>
public abstract class FunctionContext
{
    /// <summary>What the trigger knows about the execution.</summary>
    public abstract BindingContext BindingContext { get; }
}
