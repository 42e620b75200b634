using System.Text.Json;
using FlashDrop.LocalHost.Settings;

namespace FlashDrop.LocalHost.Tests.Hosting;

public sealed class HostSettingsTests
{
    [Fact]
    public void ProductsHostJson_IsReadAsItStands()
    {
        var settings = HostSettings.Load(Path.Combine(AppContext.BaseDirectory, "host.json"));

        Assert.Equal(string.Empty, settings.RoutePrefix);
        Assert.Equal(
            new QueueSettings
            {
                BatchSize = 16,
                NewBatchThreshold = 8,
                MaxDequeueCount = 5,
                VisibilityTimeout = TimeSpan.FromSeconds(30),
                MaxPollingInterval = TimeSpan.FromSeconds(2),
            },
            settings.Queues);
        Assert.Equal(new BlobSettings { MaxDegreeOfParallelism = 8, PoisonBlobThreshold = 5 }, settings.Blobs);
    }

    [Fact]
    public void ProductsHostJson_AsksForRawMessagesAndTenMinutes()
    {
        using var host = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "host.json")));
        Assert.Equal("2.0", host.RootElement.GetProperty("version").GetString());
        Assert.Equal("00:10:00", host.RootElement.GetProperty("functionTimeout").GetString());
        Assert.Equal("none", host.RootElement.GetProperty("extensions").GetProperty("queues").GetProperty("messageEncoding").GetString());
    }

    [Fact]
    public void WhatIsLeftOut_HasTheHostsDefault()
    {
        var settings = HostSettings.Parse("""{ "version": "2.0", /* a comment */ "extensions": { "queues": { "batchSize": 3 } } }""");
        Assert.Equal("api", settings.RoutePrefix);
        Assert.Equal(new QueueSettings { BatchSize = 3 }, settings.Queues);
        Assert.Equal(new BlobSettings(), settings.Blobs);
    }

    [Fact]
    public void MissingFile_SaysWhatToDo() => Assert.Contains(
        "Build the project again", Assert.Throws<LocalHostException>(() => HostSettings.Load("/nowhere/host.json")).Message, StringComparison.Ordinal);
}
