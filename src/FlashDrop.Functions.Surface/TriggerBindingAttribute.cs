namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

/// <summary>Base of every trigger attribute.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public abstract class TriggerBindingAttribute : BindingAttribute;
