using System.Diagnostics.CodeAnalysis;
using FlashDrop.LocalHost.Functions;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.LocalHost.Tests.Functions;

[SuppressMessage("Performance", "CA1822", Justification = "Functions are instance methods.")]
public sealed class FunctionInvokerTests
{
    private static readonly SettingExpressions NoSettings = new(new ConfigurationBuilder().Build());

    private readonly Calls _calls = new();

    [Fact]
    public async Task Message_ReachesTheFunctionWithItsMetadataAndToken()
    {
        using CancellationTokenSource stopping = new();
        await InvokeAsync("Take", "hello", new Dictionary<string, object?>(StringComparer.Ordinal) { ["DequeueCount"] = 3L }, stopping.Token);

        Assert.Equal(("hello", "3", stopping.Token), Assert.Single(_calls.Taken));
    }

    [Fact]
    public async Task Result_IsHandedBack() =>
        Assert.IsAssignableFrom<IResult>(await InvokeAsync("Answer", new DefaultHttpContext().Request, bindingData: null, CancellationToken.None));

    [Fact]
    public async Task Failure_ComesOutAsItWas() =>
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidDataException>(() => InvokeAsync("Break", "x", bindingData: null, CancellationToken.None))).Message);

    [Fact]
    public async Task EveryCall_HasAnInstanceOfItsOwn()
    {
        await InvokeAsync("Take", "one", bindingData: null, CancellationToken.None);
        await InvokeAsync("Take", "two", bindingData: null, CancellationToken.None);

        Assert.Equal(2, _calls.Instances);
    }

    private async Task<object?> InvokeAsync(string name, object trigger, IReadOnlyDictionary<string, object?>? bindingData, CancellationToken cancellationToken)
    {
        await using var services = new ServiceCollection().AddSingleton(_calls).BuildServiceProvider();
        var function = FunctionCatalog.Discover([typeof(Target)], string.Empty, NoSettings).All.Single(found => found.Name == name);
        return await new FunctionInvoker(services.GetRequiredService<IServiceScopeFactory>()).InvokeAsync(function, trigger, bindingData, cancellationToken);
    }

    public sealed class Calls
    {
        public int Instances { get; set; }

        public List<(string Message, string? Deliveries, CancellationToken Token)> Taken { get; } = [];
    }

    public sealed class Target
    {
        private readonly Calls _calls;

        public Target(Calls calls)
        {
            _calls = calls;
            _calls.Instances++;
        }

        [Function("Take")]
        public Task Take([QueueTrigger("q")] string message, FunctionContext context, CancellationToken cancellationToken)
        {
            _calls.Taken.Add((message, context.BindingContext.BindingData.GetValueOrDefault("DequeueCount")?.ToString(), cancellationToken));
            return Task.CompletedTask;
        }

        [Function("Answer")]
        public Task<IResult> Answer([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
            Task.FromResult(Results.Ok(request.Method));

        [Function("Break")]
        public Task Break([QueueTrigger("r")] string message) => throw new InvalidDataException(message == "x" ? "broken" : message);
    }
}
