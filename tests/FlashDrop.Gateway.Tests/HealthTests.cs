using FlashDrop.Core.Ports;

namespace FlashDrop.Gateway.Tests;

public sealed class HealthTests
{
    [Fact]
    public async Task Live_Is200WhateverFails()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Probes[0].Outcome = _ => throw new StorageUnavailableException("down");

        var reply = await host.SendAsync("GET", "health/live", key: null);

        Assert.Equal((200, "live"), (reply.Status, reply["status"]));
    }

    [Fact]
    public async Task Ready_Is200WhenEveryProbeAnswers()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("GET", "health/ready", key: null);

        Assert.Equal((200, "ready"), (reply.Status, reply["status"]));
        Assert.Equal(["first", "second"], reply.Json.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task FailingProbe_Is503NamingItWithoutItsMessage()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Probes[1].Outcome = _ => throw new InvalidOperationException("AccountKey=secret");

        var reply = await host.SendAsync("GET", "health/ready", key: null);

        Assert.Equal((503, "not-ready"), (reply.Status, reply["status"]));
        Assert.Equal(["ok", "failed"], reply.Json.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("status").GetString()));
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeThatNeverAnswers_TimesOutEvenIfItIgnoresItsToken()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Probes[0].Outcome = _ => new TaskCompletionSource().Task;

        var reply = await host.Time.RunUntilAsync(host.SendAsync("GET", "health/ready", key: null));

        Assert.Equal(503, reply.Status);
        Assert.Equal("timed-out", reply.Json.GetProperty("checks")[0].GetProperty("status").GetString());
    }

    [Fact]
    public async Task ManyQuestions_CostOneRoundOfChecksUntilItIsOld()
    {
        await using var host = await GatewayHost.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.SendAsync("GET", "health/ready", key: null)));
        Assert.Equal(1, host.Probes[0].Checks);

        host.Time.Advance(TimeSpan.FromSeconds(5));
        await host.SendAsync("GET", "health/ready", key: null);
        Assert.Equal(2, host.Probes[0].Checks);
    }
}
