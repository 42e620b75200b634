using System.Reflection;
using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace FlashDrop.Functions.Tests;

/// <summary>What the Functions worker asks of functions, and what both reference sets can do.</summary>
public sealed class FunctionRulesTests
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Type[] AllowedParameters =
        [typeof(HttpRequest), typeof(BlobClient), typeof(string), typeof(TimerInfo), typeof(FunctionContext), typeof(CancellationToken)];

    private static readonly List<MethodInfo> Functions =
    [
        .. typeof(FlashDropServiceCollectionExtensions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(Everything))
            .Where(method => method.IsDefined(typeof(FunctionAttribute))),
    ];

    [Fact]
    public void Functions_AreTheOnesTheDeploymentKnows() => Assert.Equal(
        [
            "CallersDelete", "CallersDisable", "CallersEnable", "CallersGet", "CallersList", "CallersPatch", "CallersPost", "CallersRotate",
            "ChatPost", "DailyReport", "Dashboard", "DeadLettersList", "DropsPost", "HealthLive", "HealthReady", "InboxDrop", "InboxDropPoison",
            "JobsDelete", "JobsDiscard", "JobsGet", "JobsList", "JobsPost", "JobsResult", "JobsRetry", "Me", "ModelsGet", "ModelsList",
            "NativeBatches", "NativeCaches", "NativeFiles", "NativeModelsGet", "NativeModelsList", "NativePost", "NativeUploads", "NativeV1Post",
            "OpenApi", "PollPoison", "PollTasks", "Purge", "ReportsGet", "ReportsList", "Root", "Submit", "SubmitPoison", "Sweep", "TasksGet", "UploadsPost", "UsageGet",
        ],
        Functions.Select(NameOf).Order(StringComparer.Ordinal));

    [Fact]
    public void Functions_ArePublicInstanceMethodsOfPublicSealedClasses() => Assert.All(Functions, function =>
    {
        Assert.True(function.IsPublic && !function.IsStatic && !function.IsGenericMethod, NameOf(function));
        Assert.True(function.DeclaringType is { IsPublic: true, IsSealed: true, IsGenericType: false, IsNested: false }, NameOf(function));
    });

    [Fact]
    public void Functions_HaveNoOverloads() => Assert.All(Functions, function =>
        Assert.Single(function.DeclaringType!.GetMethods(Everything), other => other.Name == function.Name));

    [Fact]
    public void Functions_AreNamedAsTheirMethods() => Assert.All(Functions, function => Assert.Equal(function.Name, NameOf(function)));

    [Fact]
    public void Functions_ReturnATaskOrATaskOfAResult() => Assert.All(Functions, function => Assert.Equal(
        IsHttp(function) ? typeof(Task<IResult>) : typeof(Task), function.ReturnType));

    [Fact]
    public void Functions_HaveOneTrigger() => Assert.All(Functions, function =>
        Assert.Single(function.GetParameters(), parameter => parameter.GetCustomAttribute<TriggerBindingAttribute>() is not null));

    [Fact]
    public void Parameters_AreOfTypesBothReferenceSetsBind() => Assert.All(
        Functions.SelectMany(function => function.GetParameters()), parameter => Assert.Contains(parameter.ParameterType, AllowedParameters));

    [Fact]
    public void Routes_AreDistinctAndNoneIsReservedByTheHost()
    {
        var routes = Functions.Select(Http).OfType<HttpTriggerAttribute>().ToList();
        Assert.NotEmpty(routes);
        Assert.All(routes, http =>
        {
            Assert.NotNull(http.Route);
            Assert.False(http.Route.StartsWith('/'), http.Route);
            Assert.DoesNotContain(http.Route.Split('/')[0], (string[])["admin", "runtime"]);
        });
        Assert.Distinct(routes.SelectMany(http => http.Methods!.Select(method => $"{method} {http.Route}")));
    }

    [Fact]
    public void HttpFunctions_AskForNoHostKey() => Assert.All(
        Functions.Select(Http).OfType<HttpTriggerAttribute>(), http => Assert.Equal(AuthorizationLevel.Anonymous, http.AuthLevel));

    [Fact]
    public void Storage_IsTheHostsOwn() => Assert.All(Functions.SelectMany(function => function.GetParameters()), parameter =>
    {
        Assert.Null(parameter.GetCustomAttribute<QueueTriggerAttribute>()?.Connection);
        Assert.Null(parameter.GetCustomAttribute<BlobTriggerAttribute>()?.Connection);
    });

    [Fact]
    public void InboxDrop_ListensToEventGridByDefault()
    {
        var trigger = Functions.Single(function => NameOf(function) == "InboxDrop").GetParameters()[0].GetCustomAttribute<BlobTriggerAttribute>()!;
        Assert.Equal("inbox/{path}", trigger.BlobPath);
        Assert.Equal(BlobTriggerSource.EventGrid, trigger.Source);
    }

    [Fact]
    public void Schedules_AreSettings() => Assert.Equal(
        ["%DailyReportSchedule%", "%PollTasksSchedule%", "%PurgeSchedule%", "%SweepSchedule%"],
        Functions.SelectMany(function => function.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<TimerTriggerAttribute>()?.Schedule)
            .OfType<string>()
            .Order(StringComparer.Ordinal));

    private static string NameOf(MethodInfo function) => function.GetCustomAttribute<FunctionAttribute>()!.Name;

    private static HttpTriggerAttribute? Http(MethodInfo function) =>
        function.GetParameters().Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>()).FirstOrDefault(http => http is not null);

    private static bool IsHttp(MethodInfo function) => Http(function) is not null;
}
