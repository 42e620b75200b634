using System.Text;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>What a large request costs. Alone: the whole process is measured.</summary>
[Collection(nameof(ArrivingMemoryTests))]
[CollectionDefinition(nameof(ArrivingMemoryTests), DisableParallelization = true)]
public sealed class ArrivingMemoryTests
{
    [Theory]
    [MemberData(nameof(ArrivingBodyTests.Formats), MemberType = typeof(ArrivingBodyTests))]
    public async Task Memory_IsRentedNotAllocated(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        upstream.Keeps = false;
        var content = Encoding.UTF8.GetBytes(ArrivingBodyTests.Body(isChat));
        for (var i = 0; i < 3; i++)
        {
            await ArrivingBodyTests.PostAsync(host, isChat, new ByteArrayContent(content));
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < 10; i++)
        {
            await ArrivingBodyTests.PostAsync(host, isChat, new ByteArrayContent(content));
        }

        // Client, gateway and upstream together; a copy of the request alone would be three megabytes.
        Assert.InRange((GC.GetTotalAllocatedBytes(precise: true) - before) / 10, 0, 1_500_000);
    }
}
