using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Metering;
using FlashDrop.Gateway.Tests.DropIn;
using FlashDrop.Simulator.Faults;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Gateway.Tests.Faults;

/// <summary>What callers see when the upstream fails, over real sockets; waits are real and short.</summary>
public sealed class FaultTests
{
    private const string Beta = "gemini-2.5-flash-beta";
    private const string Standard = "gemini-2.5-flash";

    private static readonly (string, string) Fallback = ("x-flashdrop-tier", "beta-then-standard");

    public static TheoryData<string, string> Calls => new()
    {
        { DropInHost.Generate, DropInHost.Ask },
        { DropInHost.Stream, DropInHost.Ask },
        { "v1/chat/completions", DropInHost.Chat },
        { "v1/chat/completions", DropInHost.ChatStream },
    };

    public static TheoryData<string, string> Streams => new()
    {
        { DropInHost.Stream, DropInHost.Ask },
        { "v1/chat/completions", DropInHost.ChatStream },
    };

    private static FaultRule Rule(FaultAction action, int? nth = null, string? model = null, int? times = null) =>
        new() { Match = new FaultMatch { Kind = RequestKind.Submit, Nth = nth, Model = model, Times = times }, Action = action };

    [Fact]
    public async Task BusyWithAHint_IsLeftAloneThatLong()
    {
        await using var host = await DropInHost.StartAsync(faults: Rule(new FaultAction { Status = 429, RetryAfter = 2 }, nth: 1));

        var answer = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal(200, answer.Status);
        var times = host.Upstream.Requests.Select(r => r.At).ToList();
        Assert.Equal(2, times.Count);
        Assert.InRange((times[1] - times[0]).TotalSeconds, 1.9, 4);
    }

    [Fact]
    public async Task BusyWithoutAHint_IsTriedSeldomAndThenPassedOn()
    {
        await using var host = await DropInHost.StartAsync(faults: Rule(new FaultAction { Status = 429 }));

        var answer = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal(429, answer.Status);
        Assert.NotNull(answer.Header("Retry-After"));
        Assert.Equal("RESOURCE_EXHAUSTED", answer.Json.GetProperty("error").GetProperty("status").GetString());
        var first = host.Upstream.Requests[0].At;
        Assert.InRange(host.Upstream.Requests.Count, 2, 6);
        Assert.InRange(host.Upstream.Requests.Count(r => r.At - first < TimeSpan.FromSeconds(3)), 2, 4);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task OneFailure_IsTriedAgain(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { Status = 500 }, nth: 1));

        Assert.Equal(200, (await host.PostAsync(path, body)).Status);

        Assert.Equal(2, host.Asked.Count);
        Assert.Single(await host.UsageAsync(1));
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task ResetBeforeTheFirstByte_IsTriedAgain(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { Reset = true }, nth: 1));

        Assert.Equal(200, (await host.PostAsync(path, body)).Status);

        Assert.Equal(2, host.Asked.Count);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task FailingTier_GivesWayToTheNext(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { Status = 503 }, model: Beta));

        var answer = await host.PostAsync(path, body, Fallback);

        Assert.Equal(200, answer.Status);
        Assert.Equal("standard", answer.Header("x-flashdrop-tier"));
        Assert.InRange(host.Asked.Count(model => model == Beta), 1, 6);
        Assert.Equal(Standard, host.Asked[^1]);
        var usage = Assert.Single(await host.UsageAsync(1));
        Assert.Equal((Tier.Standard, Standard, host.Upstream.Usage.CostUsd), (usage.Tier, usage.ModelVersion, usage.CostUsd!.Value));
    }

    [Fact]
    public async Task FailingTierWithoutANext_IsPassedOn()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { Status = 503 }));

        var answer = await host.PostAsync("v1/chat/completions", DropInHost.Chat);

        Assert.Equal(503, answer.Status);
        Assert.Equal("server_error", answer.Json.GetProperty("error").GetProperty("type").GetString());
        Assert.InRange(host.Asked.Count, 2, 6);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task SilentTier_IsAskedOnceAndGivesWay(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(
            DropInHost.Fast(("FirstTokenTimeout", "00:00:00.3")), Rule(new FaultAction { Silence = true }, model: Beta));

        Assert.Equal(200, (await host.PostAsync(path, body, Fallback)).Status);

        Assert.Equal([Beta, Standard], host.Asked);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task SilenceWithoutANextTier_EndsInTime(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(("TotalTimeout", "00:00:01")), Rule(new FaultAction { Silence = true }));
        var watch = Stopwatch.StartNew();

        var answer = await host.PostAsync(path, body);

        Assert.Equal((504, "false"), (answer.Status, answer.Header("x-should-retry")));
        Assert.Contains("ask again", answer.Json.GetProperty("error").GetProperty("message").GetString()!, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.5, 10);
        Assert.Single(host.Asked);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task SilentStreamWithoutANextTier_EndsBeforeTheWholeCallWould(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(("LastFirstTokenTimeout", "00:00:00.5")), Rule(new FaultAction { Silence = true }));
        var watch = Stopwatch.StartNew();

        Assert.Equal(504, (await host.PostAsync(path, body)).Status);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0.4, 10);
        Assert.Single(host.Asked);
    }

    [Fact]
    public async Task SilentRoute_IsLeftAloneForAWhile()
    {
        await using var host = await DropInHost.StartAsync(
            DropInHost.Fast(("TotalTimeout", "00:00:01"), ("MinimumThroughput", "4"), ("BreakDuration", "00:05:00")), Rule(new FaultAction { Silence = true }));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => host.PostAsync(DropInHost.Generate, DropInHost.Ask)));
        var asked = host.Asked.Count;

        var answer = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal((503, asked), (answer.Status, host.Asked.Count));
        Assert.InRange(asked, 4, 6);
        Assert.NotNull(answer.Header("Retry-After"));
    }

    [Fact]
    public void Defaults_KeepTheirPromises()
    {
        var options = new RelayOptions();

        Assert.Equal((15, 100), (options.FirstTokenTimeout.TotalSeconds, options.TotalTimeout.TotalSeconds));
        Assert.True(options.LastFirstTokenTimeout < options.TotalTimeout);
        Assert.InRange(options.IdleTimeout.TotalSeconds, 1, 45);
        Assert.InRange(options.FinishGrace.TotalSeconds, 1, 8);
        Assert.InRange(options.BreakDuration.TotalSeconds, 1, 30);
        Assert.InRange(options.TriesPerTier, 1, 4);
        Assert.Equal(6, options.MaxTries);
    }

    [Theory]
    [InlineData(CutKind.Abort)]
    [InlineData(CutKind.Close)]
    public async Task CutBeforeTheFirstChunk_IsMadeGood(CutKind cut)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { CutAfterChunks = 0, Cut = cut }, nth: 1));

        AssertWhole(await host.PostAsync(DropInHost.Stream, DropInHost.Ask));
    }

    [Theory]
    [InlineData(CutKind.Abort)]
    [InlineData(CutKind.Close)]
    public async Task WholeAnswerThatIsCut_IsMadeGood(CutKind cut)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { CutAfterChunks = 1, Cut = cut }, nth: 1));

        var answer = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal("STOP", answer.Json.GetProperty("candidates")[0].GetProperty("finishReason").GetString());
        Assert.Equal(2, host.Asked.Count);
    }

    public static TheoryData<string, string, string> BrokenStreams
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var fault in new[] { "abort", "close", "stall", "error", "bareError", "noFinish", "malformedAndCut" })
            {
                data.Add(DropInHost.Stream, DropInHost.Ask, fault);
                data.Add("v1/chat/completions", DropInHost.ChatStream, fault);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(BrokenStreams))]
    public async Task StreamThatBreaks_EndsWithAnErrorAndNothingThatLooksWhole(string path, string body, string fault)
    {
        var action = fault switch
        {
            "abort" => new FaultAction { CutAfterChunks = 2, ChunkDelayMs = 50 },
            "close" => new FaultAction { CutAfterChunks = 2, Cut = CutKind.Close },
            "stall" => new FaultAction { StallAfterChunks = 1 },
            "error" => new FaultAction { ErrorAfterChunks = 1 },
            "bareError" => new FaultAction { ErrorAfterChunks = 1, BareError = true },
            "noFinish" => new FaultAction { NoFinishReason = true, NoDone = true },
            _ => new FaultAction { MalformedFrame = 1, CutAfterChunks = 2, Cut = CutKind.Close },
        };
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(("IdleTimeout", "00:00:00.4")), Rule(action));
        var longer = body.Replace("harbour?", "harbour? SIMULATE_WORDS:200", StringComparison.Ordinal);

        var answer = await host.PostAsync(path, longer);

        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("[DONE]", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finishReason\":\"", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finish_reason\":\"", answer.Text, StringComparison.Ordinal);
        var last = answer.Text.TrimEnd().Split('\n')[^1].Trim();
        var native = path == DropInHost.Stream;
        Assert.Equal(native, !last.StartsWith("data: ", StringComparison.Ordinal));
        var error = JsonDocument.Parse(native ? last : last["data: ".Length..]).RootElement.GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.Equal(200, (await host.GetAsync("v1/models")).Status);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task MalformedFrame_IsSkippedWhenTheStreamProvesWhole(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { MalformedFrame = 1 }));
        var longer = body.Replace("harbour?", "harbour? SIMULATE_WORDS:200", StringComparison.Ordinal);

        var answer = await host.PostAsync(path, longer);

        AssertWhole(answer);
        Assert.All(answer.Events.Where(e => e is not "[DONE]"), e => JsonDocument.Parse(e));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task FinishWithoutAnEnd_IsCompletedSoonAndMetered(string path, string body)
    {
        var native = path == DropInHost.Stream;
        var events = native
            ? """data: {"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1,"totalTokenCount":6}}"""
            : """
              data: {"id":"c","model":"gemini-2.5-flash","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}

              data: {"id":"c","model":"gemini-2.5-flash","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}
              """;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = DropInHost.Fast(("FinishGrace", "00:00:00.3"));
        settings["FlashDrop:Upstream:GenerateBaseUrl"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        await using var host = await DropInHost.StartAsync(settings);
        var watch = Stopwatch.StartNew();
        var asking = host.PostAsync(path, body);
        using var upstream = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);

        // No length, no end: the connection stays open after the finish reason.
        await upstream.GetStream().WriteAsync(
            System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}\n\n"), TestContext.Current.CancellationToken);

        AssertWhole(await asking);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 8);
        Assert.Equal(0.0000032m, Assert.Single(await host.UsageAsync(1)).CostUsd);
    }

    [Theory]
    [InlineData(400, "context_length_exceeded")]
    [InlineData(400, null)]
    [InlineData(400, "content_policy_violation")]
    [InlineData(413, null)]
    public async Task CallersOwnMistake_IsPassedOnAtOnce(int status, string? code)
    {
        await using var host = await DropInHost.StartAsync(
            DropInHost.Fast(), Rule(new FaultAction { Status = status, Code = code, Body = code is null ? BodyFormOf(status) : Simulator.Wire.BodyForm.StringCode, Message = "The reason." }));

        var native = await host.PostAsync(DropInHost.Generate, DropInHost.Ask, Fallback);
        var chat = await host.PostAsync("v1/chat/completions", DropInHost.Chat, Fallback);

        Assert.Equal([Beta, Beta], host.Asked);
        foreach (var answer in new[] { native, chat })
        {
            Assert.Equal(status, answer.Status);
            Assert.Equal("The reason.", answer.Json.GetProperty("error").GetProperty("message").GetString());
        }

        static Simulator.Wire.BodyForm BodyFormOf(int status) => status == 400 ? Simulator.Wire.BodyForm.Google : Simulator.Wire.BodyForm.EvoLink;
    }

    [Fact]
    public async Task SafetyRefusal_IsPassedThroughOnce()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast());

        var blocked = await host.PostAsync(DropInHost.Generate, DropInHost.Ask.Replace("harbour?", "SIMULATE_BLOCK", StringComparison.Ordinal), Fallback);
        var stopped = await host.PostAsync(DropInHost.Stream, DropInHost.Ask.Replace("harbour?", "SIMULATE_SAFETY", StringComparison.Ordinal), Fallback);

        Assert.True(blocked.Json.GetProperty("promptFeedback").TryGetProperty("blockReason", out _));
        Assert.Contains("\"SAFETY\"", stopped.Events[^1], StringComparison.Ordinal);
        Assert.Equal([Beta, Beta], host.Asked);
    }

    [Fact]
    public async Task Outage_IsServedByTheNextTierWithFewProbesAndLeftSoonAfter()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(("BreakDuration", "00:00:00.5")), Rule(new FaultAction { Status = 503 }, model: Beta));

        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(200, (await host.PostAsync(DropInHost.Generate, DropInHost.Ask, Fallback)).Status);
        }

        Assert.InRange(host.Asked.Count(model => model == Beta), 1, 16);
        host.Upstream.SetFaults();
        var watch = Stopwatch.StartNew();
        while ((await host.PostAsync(DropInHost.Generate, DropInHost.Ask, Fallback)).Header("x-flashdrop-tier") != "beta")
        {
            Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task OtherModelThatAnswers_IsNamedAndFlagged()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), Rule(new FaultAction { ModelVersion = "gemini-3.5-flash-lite" }));

        var native = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal("gemini-3.5-flash-lite", native.Json.GetProperty("modelVersion").GetString());
        Assert.True(Assert.Single(await host.UsageAsync(1)).ForeignModel);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task CallerWhoLeaves_CancelsTheUpstreamAndIsMetered(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(
            DropInHost.Fast(), Rule(new FaultAction { ChunkDelayMs = 200, UsageEveryChunk = true }));
        var longer = body.Replace("harbour?", "harbour? SIMULATE_WORDS:500", StringComparison.Ordinal);
        using (var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(longer, System.Text.Encoding.UTF8, "application/json") })
        using (var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            Assert.True(await stream.ReadAsync(new byte[16], TestContext.Current.CancellationToken) > 0);
        }

        var usage = Assert.Single(await host.UsageAsync(1));
        Assert.Equal(path == DropInHost.Stream, usage.CostUsd > 0);
        for (var i = 0; i < 500 && !host.Upstream.Requests[0].ClientDisconnected; i++)
        {
            await GatewayHost.Settle();
        }

        Assert.True(host.Upstream.Requests[0].ClientDisconnected);
    }

    [Fact]
    public async Task MeteringStoreThatIsAway_HoldsNothingUpAndLosesOnlyBeyondItsBound()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
        await using var host = await DropInHost.StartAsync(time, DropInHost.Fast(("UsageBacklog", "10")));
        host.Storage.Faults = new Away();

        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(200, (await host.PostAsync(DropInHost.Generate, DropInHost.Ask)).Status);
        }

        var meter = host.Services.GetRequiredService<UsageMeter>();
        Assert.InRange(meter.Pending, 10, 14);
        Assert.Equal(30, meter.Pending + meter.Dropped);
        host.Storage.Faults = null;
        for (var i = 0; i < 1000 && meter.Pending > 0; i++)
        {
            // Writers pause for 15 s at most.
            time.Advance(TimeSpan.FromSeconds(15));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.Equal(30 - meter.Dropped, host.Storage.Jobs.AllUsage().Count);
    }

    [Fact]
    public async Task MeteringStoreThatStaysAway_TakesNoMoreMemoryWithEveryCall()
    {
        var storage = new InMemoryStorage(TimeProvider.System) { Faults = new Away() };
        var log = new EventLog();
        using var meter = new UsageMeter(storage.Jobs, Options.Create(new RelayOptions { UsageBacklog = 100 }), TimeProvider.System, log);
        await meter.StartAsync(TestContext.Current.CancellationToken);
        Record(1000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        Record(50_000);

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, -100_000_000, 2_000_000);
        Assert.InRange(meter.Pending, 100, 104);
        Assert.Equal(51_000, meter.Pending + meter.Dropped);
        Assert.InRange(log.Events.Count(id => id == 4110), 1, 60);

        void Record(int rows)
        {
            for (var i = 0; i < rows; i++)
            {
                meter.Record(new UsageRecord { Id = $"{i}", JobId = default, Origin = Core.Jobs.JobOrigin.Gateway, Caller = "c", Profile = "gemini", Tier = Tier.Standard, At = default });
            }
        }
    }

    private static void AssertWhole(Answer answer)
    {
        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("\"error\"", answer.Text, StringComparison.Ordinal);
        Assert.True(answer.Text.Contains("\"finishReason\":\"STOP\"", StringComparison.Ordinal) || answer.Events[^1] == "[DONE]", answer.Text);
    }

    private sealed class Away : IFaultPlan
    {
        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken) => throw new StorageUnavailableException("away");

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class EventLog : ILogger<UsageMeter>
    {
        public System.Collections.Concurrent.ConcurrentQueue<int> Events { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Events.Enqueue(eventId.Id);
    }
}
