using System.ClientModel;
using FlashDrop.Gateway.Tests.DropIn;
using FlashDrop.Simulator.Faults;
using OpenAI;
using OpenAI.Chat;

namespace FlashDrop.Clients.Tests;

/// <summary>The official .NET client of OpenAI, unmodified.</summary>
public sealed class OpenAiDotNetTests
{
    private const string Schema = """{"type":"object","properties":{"name":{"type":"string"},"masts":{"type":"integer"}},"required":["name","masts"],"additionalProperties":false}""";

    [Fact]
    public async Task Text_IsAnswered()
    {
        await using var host = await DropInHost.StartAsync();

        ChatCompletion completion = await Client(host).CompleteChatAsync([new UserChatMessage("Say something.")], cancellationToken: TestContext.Current.CancellationToken);

        Assert.NotEmpty(completion.Content[0].Text);
        Assert.Equal((ChatFinishReason.Stop, "gemini-2.5-flash"), (completion.FinishReason, completion.Model));
        Assert.True(completion.Usage.TotalTokenCount > 0);
    }

    [Fact]
    public async Task ImageAndSound_AreAnswered()
    {
        await using var host = await DropInHost.StartAsync();

        ChatCompletion image = await Client(host).CompleteChatAsync(
            [new UserChatMessage(ChatMessageContentPart.CreateTextPart("What is this?"), ChatMessageContentPart.CreateImagePart(Media("harbour.jpg"), "image/jpeg"))],
            cancellationToken: TestContext.Current.CancellationToken);
        ChatCompletion sound = await Client(host).CompleteChatAsync(
            [new UserChatMessage(ChatMessageContentPart.CreateTextPart("Write minutes."), ChatMessageContentPart.CreateInputAudioPart(Media("standup.mp3"), ChatInputAudioFormat.Mp3))],
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.NotEmpty(image.Content[0].Text);
        Assert.NotEmpty(sound.Content[0].Text);
        Assert.True(sound.Usage.InputTokenDetails.AudioTokenCount > 0);
    }

    [Fact]
    public async Task LargeRequests_AreAnswered()
    {
        await using var host = await DropInHost.StartAsync();
        var much = ChatMessageContentPart.CreateTextPart(new string('x', 1_200_000));

        ChatCompletion forwarded = await Client(host).CompleteChatAsync([new UserChatMessage(much)], cancellationToken: TestContext.Current.CancellationToken);
        ChatCompletion translated = await Client(host).CompleteChatAsync(
            [new UserChatMessage(much, ChatMessageContentPart.CreateInputAudioPart(Media("standup.mp3"), ChatInputAudioFormat.Mp3))],
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.NotEmpty(forwarded.Content[0].Text);
        Assert.True(translated.Usage.InputTokenDetails.AudioTokenCount > 0);
    }

    [Fact]
    public async Task ToolsAndSchemas_AreHonoured()
    {
        await using var host = await DropInHost.StartAsync();
        var tool = ChatTool.CreateFunctionTool("find_order", "Finds an order.", BinaryData.FromString("""{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}"""));

        ChatCompletion called = await Client(host).CompleteChatAsync(
            [new UserChatMessage("Use find_order for order 7.")],
            new ChatCompletionOptions { Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice() },
            TestContext.Current.CancellationToken);
        ChatCompletion structured = await Client(host).CompleteChatAsync(
            [new UserChatMessage("Describe a ship.")],
            new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("ship", BinaryData.FromString(Schema), jsonSchemaIsStrict: true) },
            TestContext.Current.CancellationToken);

        Assert.Equal((ChatFinishReason.ToolCalls, "find_order"), (called.FinishReason, Assert.Single(called.ToolCalls).FunctionName));
        using var ship = System.Text.Json.JsonDocument.Parse(structured.Content[0].Text);
        Assert.True(ship.RootElement.TryGetProperty("masts", out _));
    }

    [Fact]
    public async Task Stream_ArrivesInPiecesAndEnds()
    {
        await using var host = await DropInHost.StartAsync();
        var (pieces, finish) = (0, default(ChatFinishReason?));

        await foreach (var update in Client(host).CompleteChatStreamingAsync([new UserChatMessage("Tell a story. SIMULATE_WORDS:60")], cancellationToken: TestContext.Current.CancellationToken))
        {
            pieces += update.ContentUpdate.Count;
            finish = update.FinishReason ?? finish;
        }

        Assert.True(pieces > 1);
        Assert.Equal(ChatFinishReason.Stop, finish);
    }

    [Fact]
    public async Task StreamedTool_ArrivesWhole()
    {
        await using var host = await DropInHost.StartAsync();
        var tool = ChatTool.CreateFunctionTool("find_order", "Finds an order.", BinaryData.FromString("""{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}"""));
        var (name, arguments, finish) = ("", "", default(ChatFinishReason?));

        await foreach (var update in Client(host).CompleteChatStreamingAsync(
            [new UserChatMessage("Use find_order for order 7.")],
            new ChatCompletionOptions { Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice() },
            TestContext.Current.CancellationToken))
        {
            foreach (var call in update.ToolCallUpdates)
            {
                name += call.FunctionName;
                arguments += call.FunctionArgumentsUpdate;
            }

            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(("find_order", ChatFinishReason.ToolCalls), (name, finish));
        using var parsed = System.Text.Json.JsonDocument.Parse(arguments);
        Assert.True(parsed.RootElement.TryGetProperty("id", out _));
    }

    [Fact]
    public async Task Abort_ReachesTheUpstream()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), new FaultRule { Action = new FaultAction { ChunkDelayMs = 150 } });
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Client(host).CompleteChatStreamingAsync([new UserChatMessage("Tell a story. SIMULATE_WORDS:400")], cancellationToken: abort.Token))
            {
                await abort.CancelAsync();
            }
        });

        for (var i = 0; i < 500 && !host.Upstream.Requests[0].ClientDisconnected; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.True(host.Upstream.Requests[0].ClientDisconnected);
        Assert.Single(await host.UsageAsync(1));
    }

    [Fact]
    public async Task StreamThatBreaks_NeverLooksWhole()
    {
        await using var host = await DropInHost.StartAsync(DropInHost.Fast(), new FaultRule { Action = new FaultAction { CutAfterChunks = 2, Cut = CutKind.Close } });
        var finish = default(ChatFinishReason?);

        var failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (var update in Client(host).CompleteChatStreamingAsync([new UserChatMessage("Tell a story. SIMULATE_WORDS:60")], cancellationToken: TestContext.Current.CancellationToken))
            {
                finish = update.FinishReason ?? finish;
            }
        });

        // This client reads an error event as a chunk without anything in it, or refuses it: either way no finish reason comes.
        Assert.True(failure is null or ClientResultException or System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException, failure?.ToString());
        Assert.Null(finish);
    }

    [Fact]
    public async Task Errors_AreTheClientsOwn()
    {
        await using var host = await DropInHost.StartAsync();

        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client(host, model: "unknown").CompleteChatAsync([new UserChatMessage("x")], cancellationToken: TestContext.Current.CancellationToken));
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Client(host, "wrong").CompleteChatAsync([new UserChatMessage("x")], cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal((404, 401), (unknown.Status, refused.Status));
        Assert.Contains("unknown", unknown.Message, StringComparison.Ordinal);
    }

    private static ChatClient Client(DropInHost host, string key = DropInHost.Key, string model = "gemini-2.5-flash") =>
        new OpenAIClient(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(host.Address, "v1") }).GetChatClient(model);

    private static BinaryData Media(string name) => BinaryData.FromBytes(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Media", name)));
}
