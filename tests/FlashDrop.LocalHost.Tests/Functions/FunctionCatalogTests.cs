using System.Diagnostics.CodeAnalysis;
using FlashDrop.Functions;
using FlashDrop.LocalHost.Functions;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace FlashDrop.LocalHost.Tests.Functions;

[SuppressMessage("Performance", "CA1822", Justification = "Functions are instance methods.")]
public sealed class FunctionCatalogTests
{
    private static readonly SettingExpressions Settings = new(new ConfigurationBuilder().AddInMemoryCollection(
        new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["DailyReportSchedule"] = "0 15 0 * * *",
            ["PollTasksSchedule"] = "*/2 * * * * *",
            ["PurgeSchedule"] = "0 45 3 * * *",
            ["SweepSchedule"] = "0 * * * * *",
            ["QueueName"] = "orders",
        }).Build());

    [Fact]
    public void ProductFunctions_AreFoundWithTheirTriggers()
    {
        var catalog = FunctionCatalog.Discover(typeof(FlashDropServiceCollectionExtensions).Assembly.GetExportedTypes(), string.Empty, Settings);

        var post = Assert.Single(catalog.All.OfType<HttpFunction>(), function => function.Name == "JobsPost");
        Assert.Equal("api/jobs", post.Route);
        Assert.Equal(["POST"], post.Methods);
        Assert.Equal(
            ["poll-poison", "submit", "submit-poison", "webjobs-blobtrigger-poison"],
            catalog.All.OfType<QueueFunction>().Select(function => function.Queue).Order(StringComparer.Ordinal));
        Assert.Equal("inbox", Assert.Single(catalog.All.OfType<BlobFunction>()).Container);
        Assert.Equal("*/2 * * * * *", Assert.Single(catalog.All.OfType<TimerFunction>(), function => function.Name == "PollTasks").Schedule.ToString());
    }

    [Theory]
    [InlineData("", "things/{*rest}")]
    [InlineData("api", "api/things/{*rest}")]
    [InlineData("/api/", "api/things/{*rest}")]
    public void RoutePrefix_IsPutBeforeTheRoute(string prefix, string route) =>
        Assert.Equal(route, Assert.Single(FunctionCatalog.Discover([typeof(OneRoute)], prefix, Settings).All.OfType<HttpFunction>()).Route);

    [Fact]
    public void RouteLeftOut_IsTheFunctionsName() =>
        Assert.Equal("NoRoute", Assert.Single(FunctionCatalog.Discover([typeof(WithoutRoute)], string.Empty, Settings).All.OfType<HttpFunction>()).Route);

    [Fact]
    public void QueueName_IsResolvedFromSettings() =>
        Assert.Equal("orders", Assert.Single(FunctionCatalog.Discover([typeof(QueueFromSetting)], string.Empty, Settings).All.OfType<QueueFunction>()).Queue);

    [Fact]
    public void MissingSetting_NamesItAndTheRemedy()
    {
        var thrown = Assert.Throws<LocalHostException>(() => FunctionCatalog.Discover([typeof(TimerFromMissingSetting)], string.Empty, Settings));
        Assert.Equal("The setting NowhereSet is missing. Set it, for example with --set NowhereSet=VALUE.", thrown.Message);
    }

    [Theory]
    [InlineData(typeof(NotPublicMethod), "not a public method")]
    [InlineData(typeof(NoTrigger), "0 triggers")]
    [InlineData(typeof(TwiceTheSameName), "2 functions are named")]
    [InlineData(typeof(PatternedBlob), "container/{name}")]
    public void FunctionTheWorkerWouldRefuse_IsRefusedHere(Type type, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<InvalidOperationException>(() => FunctionCatalog.Discover([type], string.Empty, Settings)).Message,
            StringComparison.Ordinal);

    public sealed class OneRoute
    {
        [Function("Things")]
        public Task<IResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "things/{*rest}")] HttpRequest request) =>
            Task.FromResult(Results.Ok(request.Path.Value));
    }

    public sealed class WithoutRoute
    {
        [Function("NoRoute")]
        public Task<IResult> Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.FromResult(Results.Ok(request.Path.Value));
    }

    public sealed class QueueFromSetting
    {
        [Function("Orders")]
        public Task Run([QueueTrigger("%QueueName%")] string message) => Task.FromResult(message);
    }

    public sealed class TimerFromMissingSetting
    {
        [Function("Tick")]
        public Task Run([TimerTrigger("%NowhereSet%")] TimerInfo timer) => Task.FromResult(timer);
    }

    public sealed class NotPublicMethod
    {
        [Function("Hidden")]
        internal Task Run([QueueTrigger("q")] string message) => Task.FromResult(message);
    }

    public sealed class NoTrigger
    {
        [Function("Idle")]
        public Task Run(string message) => Task.FromResult(message);
    }

    public sealed class TwiceTheSameName
    {
        [Function("Same")]
        public Task One([QueueTrigger("a")] string message) => Task.FromResult(message);

        [Function("same")]
        public Task Two([QueueTrigger("b")] string message) => Task.FromResult(message);
    }

    public sealed class PatternedBlob
    {
        [Function("Patterned")]
        public Task Run([BlobTrigger("inbox/{name}.jpg")] string message) => Task.FromResult(message);
    }
}
