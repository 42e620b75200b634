using System.Reflection;
using FlashDrop.LocalHost.Timers;

namespace FlashDrop.LocalHost.Functions;

/// <summary>A function found by its attributes: a closed set.</summary>
/// <param name="Name">Its name, unique in the app.</param>
/// <param name="Method">What to call.</param>
/// <param name="Trigger">The parameter that takes what triggered it.</param>
internal abstract record FunctionDefinition(string Name, MethodInfo Method, ParameterInfo Trigger);

/// <summary>Runs for an HTTP request.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">What to call.</param>
/// <param name="Trigger">The request's parameter.</param>
/// <param name="Route">Route template with the route prefix, without a leading slash.</param>
/// <param name="Methods">HTTP methods in upper case; empty for any.</param>
internal sealed record HttpFunction(string Name, MethodInfo Method, ParameterInfo Trigger, string Route, IReadOnlyList<string> Methods)
    : FunctionDefinition(Name, Method, Trigger);

/// <summary>Runs for a queue message.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">What to call.</param>
/// <param name="Trigger">The message's parameter.</param>
/// <param name="Queue">The queue.</param>
internal sealed record QueueFunction(string Name, MethodInfo Method, ParameterInfo Trigger, string Queue)
    : FunctionDefinition(Name, Method, Trigger);

/// <summary>Runs for a new or changed blob.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">What to call.</param>
/// <param name="Trigger">The blob's parameter.</param>
/// <param name="Container">The container; every blob in it matches.</param>
internal sealed record BlobFunction(string Name, MethodInfo Method, ParameterInfo Trigger, string Container)
    : FunctionDefinition(Name, Method, Trigger);

/// <summary>Runs on a schedule.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">What to call.</param>
/// <param name="Trigger">The timer's parameter.</param>
/// <param name="Schedule">When.</param>
/// <param name="RunOnStartup">Whether it also runs at start.</param>
internal sealed record TimerFunction(string Name, MethodInfo Method, ParameterInfo Trigger, TimerSchedule Schedule, bool RunOnStartup)
    : FunctionDefinition(Name, Method, Trigger);
