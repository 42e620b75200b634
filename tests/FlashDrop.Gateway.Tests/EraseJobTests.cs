using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Tests;

public sealed class EraseJobTests
{
    [Theory]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Succeeded)]
    public async Task ErasedJob_IsGone(JobState state)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: state);

        var erased = await host.SendAsync("DELETE", $"api/jobs/{job.Id}?erase=true");

        Assert.Equal((204, ""), (erased.Status, erased.Text));
        Assert.Equal(404, (await host.SendAsync("GET", $"api/jobs/{job.Id}")).Status);
        Assert.Equal(404, (await host.SendAsync("DELETE", $"api/jobs/{job.Id}?erase=true")).Status);
    }

    [Fact]
    public async Task JobOfSomebodyElse_IsNotErased()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("bob");

        Assert.Equal(404, (await host.SendAsync("DELETE", $"api/jobs/{job.Id}?erase=true")).Status);
        Assert.Equal(JobState.Queued, host.Jobs.Current(job.Id).State);
        Assert.Equal(204, (await host.SendAsync("DELETE", $"api/jobs/{job.Id}?erase=true", key: GatewayHost.AdminKey)).Status);
    }

    [Theory]
    [InlineData("?erase=yes")]
    [InlineData("?erase=true&erase=true")]
    [InlineData("?erase=True")]
    [InlineData("?erased=true")]
    [InlineData("?erase=true&force=1")]
    public async Task QueryThatIsNotUnderstood_IsRefused_AndNothingHappens(string query)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");

        Assert.Equal(400, (await host.SendAsync("DELETE", $"api/jobs/{job.Id}{query}")).Status);
        Assert.Equal(JobState.Queued, host.Jobs.Current(job.Id).State);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?erase=false")]
    [InlineData("?erase=")]
    public async Task WithoutErase_TheJobIsCancelledAndKept(string query)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");

        Assert.Equal(200, (await host.SendAsync("DELETE", $"api/jobs/{job.Id}{query}")).Status);
        Assert.Equal(JobState.Cancelled, host.Jobs.Current(job.Id).State);
    }
}
