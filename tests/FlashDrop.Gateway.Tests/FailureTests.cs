using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Gateway.Tests;

public sealed class FailureTests
{
    [Fact]
    public async Task UnexpectedException_Is500WithATraceIdAndNoDetails()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.Failure = new InvalidOperationException("AccountKey=secret");

        var reply = await host.SendAsync("GET", "api/jobs");

        Assert.Equal((500, "internal_error", "application/problem+json"), (reply.Status, reply["code"], reply.MediaType));
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
        Assert.Contains(host.Logs.Lines, line => line.Contains(reply["traceId"]!, StringComparison.Ordinal) && line.Contains("AccountKey", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StorageOutage_Is503WithRetryAfter()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.Failure = new StorageUnavailableException("table service at secret-host is away");

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""");

        Assert.Equal((503, "storage_unavailable", "5"), (reply.Status, reply["code"], reply.Header("Retry-After")));
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailureWhileAuthenticating_IsAProblemToo()
    {
        await using var host = await GatewayHost.StartAsync(
            services: services => services.AddSingleton<ICallerDirectory>(new FailingCallerDirectory(new StorageUnavailableException("away"))));

        Assert.Equal(503, (await host.SendAsync("GET", "api/jobs")).Status);
    }

    [Fact]
    public async Task BrokenEnvelope_Is500RatherThanHalfAnAnswer()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: Core.Jobs.JobState.Succeeded);
        host.Jobs.Results[job.Id] = """{"answer":{"text":"half""";

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}/result?format=text");

        Assert.Equal(500, reply.Status);
        Assert.Null(reply.Header("ETag"));
    }
}
