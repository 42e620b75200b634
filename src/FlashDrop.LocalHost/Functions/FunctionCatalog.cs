using System.Reflection;
using FlashDrop.LocalHost.Timers;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace FlashDrop.LocalHost.Functions;

/// <summary>The functions of an assembly, found by the attributes the Functions worker uses.</summary>
/// <param name="all">Every function, by name.</param>
internal sealed class FunctionCatalog(IReadOnlyList<FunctionDefinition> all)
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Every function, by name.</summary>
    public IReadOnlyList<FunctionDefinition> All { get; } = all;

    /// <summary>Finds the functions of some types.</summary>
    /// <param name="types">Where to look.</param>
    /// <param name="routePrefix">Put before every route; <c>host.json</c> has it.</param>
    /// <param name="settings">Resolves <c>%Setting%</c>.</param>
    /// <exception cref="InvalidOperationException">A function breaks a rule of the Functions worker.</exception>
    public static FunctionCatalog Discover(IEnumerable<Type> types, string routePrefix, SettingExpressions settings)
    {
        var functions = types
            .SelectMany(type => type.GetMethods(Declared))
            .Select(method => (Method: method, Function: method.GetCustomAttribute<FunctionAttribute>()))
            .Where(found => found.Function is not null)
            .Select(found => Define(found.Function!.Name, found.Method, routePrefix, settings))
            .OrderBy(function => function.Name, StringComparer.OrdinalIgnoreCase)
            .ToList();
        var twice = functions.GroupBy(function => function.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? new FunctionCatalog(functions)
            : throw new InvalidOperationException($"{twice.Count()} functions are named '{twice.Key}'; names are unique in an app.");
    }

    private static FunctionDefinition Define(string name, MethodInfo method, string routePrefix, SettingExpressions settings)
    {
        if (!method.IsPublic || method.DeclaringType is not { IsVisible: true })
        {
            throw new InvalidOperationException($"Function '{name}' is not a public method of a public class; the worker would not find it.");
        }

        var triggers = method.GetParameters()
            .Select(parameter => (Parameter: parameter, Attribute: parameter.GetCustomAttribute<TriggerBindingAttribute>()))
            .Where(found => found.Attribute is not null)
            .ToList();
        if (triggers.Count != 1)
        {
            throw new InvalidOperationException($"Function '{name}' has {triggers.Count} triggers; it needs one.");
        }

        var parameter = triggers[0].Parameter;
        return triggers[0].Attribute switch
        {
            HttpTriggerAttribute http => new HttpFunction(
                name,
                method,
                parameter,
                Combine(routePrefix, http.Route ?? name),
                [.. (http.Methods ?? []).Select(verb => verb.ToUpperInvariant())]),
            QueueTriggerAttribute queue => new QueueFunction(name, method, parameter, settings.Resolve(queue.QueueName)),
            BlobTriggerAttribute blob => new BlobFunction(name, method, parameter, ContainerOf(name, settings.Resolve(blob.BlobPath))),
            TimerTriggerAttribute timer => new TimerFunction(
                name, method, parameter, TimerSchedule.Parse(settings.Resolve(timer.Schedule)), timer.RunOnStartup),
            var other => throw new InvalidOperationException($"Function '{name}' has a trigger this host does not know: {other!.GetType().Name}."),
        };
    }

    private static string Combine(string prefix, string route) => $"{prefix.Trim('/')}/{route.TrimStart('/')}".TrimStart('/');

    /// <summary>Only the pattern "a container and any name" exists here: <c>container/{anything}</c>.</summary>
    private static string ContainerOf(string function, string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && path[(slash + 1)..] is ['{', .., '}'] name && name.Count(character => character == '{') == 1
            ? path[..slash]
            : throw new InvalidOperationException($"Function '{function}': this host knows blob paths like 'container/{{name}}', not '{path}'.");
    }
}
