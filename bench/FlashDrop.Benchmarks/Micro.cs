using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Options;
using Job = FlashDrop.Core.Jobs.Job;

namespace FlashDrop.Benchmarks;

/// <summary>The steps without input or output, by BenchmarkDotNet within this process.</summary>
internal static class Micro
{
    public static Task RunAsync() => Task.Run(() => BenchmarkRunner.Run<Steps>(
        ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(BenchmarkDotNet.Jobs.Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "flashdrop-benchmarks"))));
}

/// <summary>What one job costs in computing: a task read, its answer priced, its row decided.</summary>
[MemoryDiagnoser]
#pragma warning disable CA1515 // BenchmarkDotNet derives from the class.
public class Steps
#pragma warning restore CA1515
{
    private readonly JobTransitions _transitions = new(new PipelineOptions());
    private readonly PriceBook _prices = new(Options.Create(new PriceOptions()), Options.Create(new UpstreamOptions()));
    private readonly TokenUsage _usage = Answers.Usage;
    private byte[] _task = [];
    private Job _queued = null!;
    private Job _submitted = null!;
    private JobEvent _created = null!;
    private JobEvent _answered = null!;

    [GlobalSetup]
    public void Prepare()
    {
        var text = string.Concat(Enumerable.Repeat("The harbour is quiet in the morning. ", 50));
        _task = JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = "task-unified-0001",
            status = "completed",
            progress = 100,
            results = new object[]
            {
                new
                {
                    candidates = new[] { new { content = new { role = "model", parts = new[] { new { text } } }, finishReason = "STOP" } },
                    usageMetadata = new { promptTokenCount = 1000, candidatesTokenCount = 450, thoughtsTokenCount = 200, totalTokenCount = 1650 },
                    modelVersion = "gemini-2.5-flash",
                    responseId = "r-1",
                },
            },
        });
        _queued = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)) with { TierPolicy = TierPolicy.Standard };
        var attempt = new AttemptInfo(1, Tier.Standard, TestJobs.Noon, "task-unified-0001");
        _created = new JobEvent.TaskCreated(attempt, new UpstreamTask { Id = "task-unified-0001", Status = "pending" }, TimeSpan.FromSeconds(5));
        _submitted = _transitions.Decide(_queued, _created, TestJobs.Noon, 0.5).Job;
        var answer = Answers.Text(text);
        _answered = new JobEvent.Answered(attempt, answer, _prices.Price(Tier.Standard, answer.ModelVersion, answer.Usage, TestJobs.Noon), Defect: null);
    }

    [Benchmark(Description = "parse a finished task (2.2 kB)")]
    public object ParseTask()
    {
        using var json = JsonDocument.Parse(_task);
        return TaskReader.TryReadTask(json.RootElement, out var task, out var envelope) ? TaskReader.ReadResult(envelope, static _ => false) : task!;
    }

    [Benchmark(Description = "price an answer")]
    public decimal? Price() => _prices.Price(Tier.Standard, "gemini-2.5-flash", _usage, TestJobs.Noon).CostUsd;

    [Benchmark(Description = "decide: task created")]
    public object Create() => _transitions.Decide(_queued, _created, TestJobs.Noon, 0.5);

    [Benchmark(Description = "decide: answered")]
    public object Answer() => _transitions.Decide(_submitted, _answered, TestJobs.Noon, 0.5);
}
