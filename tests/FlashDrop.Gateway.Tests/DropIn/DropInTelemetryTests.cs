using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashDrop.Gateway.DropIn;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Spans and metrics by OpenTelemetry's conventions for generative AI.</summary>
public sealed class DropInTelemetryTests : IDisposable
{
    private readonly string _model = $"observed-{Guid.NewGuid():N}";
    private readonly ConcurrentQueue<(string Name, string? Unit, double Value, Dictionary<string, object?> Tags)> _measured = new();
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;

    public DropInTelemetryTests()
    {
        // Other tests measure, too: the model tells them apart.
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == DropInTelemetry.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DropInTelemetry.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.DisplayName.EndsWith(_model, StringComparison.Ordinal))
                {
                    _spans.Enqueue(activity);
                    _ended.TrySetResult();
                }
            },
        };
        ActivitySource.AddActivityListener(_activities);
    }

    [Theory]
    [InlineData(false, "generate_content")]
    [InlineData(true, "chat")]
    public async Task Stream_IsMeasuredByTheConventionsNames(bool isChat, string operation)
    {
        await using var host = await StartAsync();

        var answer = isChat
            ? await host.PostAsync("v1/chat/completions", DropInHost.ChatStream.Replace("gemini-2.5-flash", _model, StringComparison.Ordinal))
            : await host.PostAsync($"v1beta/models/{_model}:streamGenerateContent?alt=sse", DropInHost.Ask);

        Assert.Equal(200, answer.Status);
        await EndedAsync();
        var usage = Assert.Single(await host.UsageAsync(1)).Usage!;
        var span = Assert.Single(_spans);
        Assert.Equal(($"{operation} {_model}", ActivityKind.Client), (span.DisplayName, span.Kind));
        Assert.Equal(
            (operation, "evolink", _model, "gemini-2.5-flash", usage.PromptTokens, usage.OutputTokens),
            (Tag("gen_ai.operation.name"), Tag("gen_ai.provider.name"), Tag("gen_ai.request.model"), Tag("gen_ai.response.model"), Tag("gen_ai.usage.input_tokens"), Tag("gen_ai.usage.output_tokens")));
        Assert.Single((string[])Tag("gen_ai.response.finish_reasons")!);
        Assert.All(_measured, measured => Assert.Equal((operation, "evolink"), (measured.Tags["gen_ai.operation.name"], measured.Tags["gen_ai.provider.name"])));
        Assert.Equal(
            ["gen_ai.client.token.usage {token} input", "gen_ai.client.token.usage {token} output", "gen_ai.server.request.duration s", "gen_ai.server.time_to_first_token s"],
            _measured.Select(measured => $"{measured.Name} {measured.Unit} {measured.Tags.GetValueOrDefault("gen_ai.token.type")}".TrimEnd()).Order(StringComparer.Ordinal));
        Assert.Equal(usage.PromptTokens + usage.OutputTokens, _measured.Where(measured => measured.Unit == "{token}").Sum(measured => measured.Value));
        var (first, all) = (Value("gen_ai.server.time_to_first_token"), Value("gen_ai.server.request.duration"));
        Assert.InRange(first, 0, all);

        object? Tag(string name) => span.GetTagItem(name);

        double Value(string name) => _measured.Single(measured => measured.Name == name).Value;
    }

    [Fact]
    public async Task Failure_IsNamed()
    {
        await using var host = await StartAsync(new Simulator.Faults.FaultRule { Action = new Simulator.Faults.FaultAction { Status = 400, Code = "context_length_exceeded" } });

        Assert.Equal(400, (await host.PostAsync($"v1beta/models/{_model}:generateContent", DropInHost.Ask)).Status);

        await EndedAsync();
        var span = Assert.Single(_spans);
        Assert.Equal((ActivityStatusCode.Error, "context_length_exceeded"), (span.Status, span.GetTagItem("error.type")));
        var measured = Assert.Single(_measured);
        Assert.Equal(("gen_ai.server.request.duration", "context_length_exceeded"), (measured.Name, measured.Tags["error.type"]));
    }

    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }

    /// <summary>The answer is with its caller before the call is measured.</summary>
    private Task EndedAsync() => _ended.Task.WaitAsync(TimeSpan.FromSeconds(30));

    private Task<DropInHost> StartAsync(params Simulator.Faults.FaultRule[] faults)
    {
        var settings = DropInHost.Fast();
        settings[$"FlashDrop:Gateway:Models:{_model}"] = "standard";
        return DropInHost.StartAsync(settings, faults);
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, object?>(tags.ToArray(), StringComparer.Ordinal);
        if (named.GetValueOrDefault("gen_ai.request.model") is string model && model == _model)
        {
            _measured.Enqueue((instrument.Name, instrument.Unit, value, named));
        }
    }
}
