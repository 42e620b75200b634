using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.LocalHost.Functions;

/// <summary>Calls functions as the worker does: an instance per call, services by constructor, arguments by parameter.</summary>
/// <param name="scopes">Gives every call its own scope.</param>
internal sealed class FunctionInvoker(IServiceScopeFactory scopes)
{
    private static readonly FrozenDictionary<string, object?> NoData = FrozenDictionary<string, object?>.Empty;

    /// <summary>Calls a function and waits for it.</summary>
    /// <param name="function">The function.</param>
    /// <param name="trigger">What triggered it, of the parameter's type.</param>
    /// <param name="bindingData">Trigger metadata by name; null for none.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    /// <returns>What the function returned; null for a plain task.</returns>
    public async Task<object?> InvokeAsync(
        FunctionDefinition function,
        object trigger,
        IReadOnlyDictionary<string, object?>? bindingData,
        CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var instance = ActivatorUtilities.CreateInstance(scope.ServiceProvider, function.Method.DeclaringType!);
        var arguments = function.Method.GetParameters()
            .Select(parameter => Argument(function, parameter, trigger, bindingData ?? NoData, cancellationToken))
            .ToArray();
        var returned = function.Method.Invoke(instance, BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
        switch (returned)
        {
            case Task<IResult> result:
                return await result;
            case Task task:
                await task;
                return null;
            default:
                throw new InvalidOperationException($"Function '{function.Name}' returns {function.Method.ReturnType}; use Task or Task<IResult>.");
        }
    }

    private static object? Argument(
        FunctionDefinition function,
        ParameterInfo parameter,
        object trigger,
        IReadOnlyDictionary<string, object?> bindingData,
        CancellationToken cancellationToken)
    {
        if (parameter == function.Trigger)
        {
            return trigger;
        }

        if (parameter.ParameterType == typeof(CancellationToken))
        {
            return cancellationToken;
        }

        if (parameter.ParameterType == typeof(FunctionContext))
        {
            return new LocalFunctionContext(bindingData);
        }

        throw new InvalidOperationException($"Function '{function.Name}' has a parameter nobody fills: {parameter.Name}.");
    }

    private sealed class LocalFunctionContext(IReadOnlyDictionary<string, object?> data) : FunctionContext
    {
        public override BindingContext BindingContext { get; } = new LocalBindingContext(data);
    }

    private sealed class LocalBindingContext(IReadOnlyDictionary<string, object?> data) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData { get; } = data;
    }
}
