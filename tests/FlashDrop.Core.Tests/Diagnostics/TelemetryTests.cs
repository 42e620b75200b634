using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Diagnostics;

/// <summary>One job followed end to end by what the product says of it.</summary>
public sealed class TelemetryTests
{
    private const string Secret = "the-quick-brown-secret";

    [Fact]
    public async Task HttpJob_IsOneTrace_FromTheRequestToItsEnd()
    {
        var bench = new PipelineBench();
        using var spans = new Spans();
        string request;
        using (var caller = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            request = caller.Id!;
            await bench.Service.AcceptAsync(Ask(request), CancellationToken.None);
        }

        await bench.RunAsync(TimeSpan.FromSeconds(30));

        var trace = spans.Of(bench);
        var accept = Assert.Single(trace, a => a.OperationName == TelemetryNames.AcceptSpan);
        Assert.Equal(request, accept.ParentId);
        Assert.Equal(accept.Id, bench.Only.TraceParent);
        var submit = Assert.Single(trace, a => a.OperationName == TelemetryNames.SubmitSpan);
        Assert.Equal(accept.Id, submit.ParentId);
        Assert.Equal(submit.Id, Assert.Single(trace, a => a.OperationName == TelemetryNames.GenerateSpan).ParentId);
        var polls = trace.Where(a => a.OperationName == TelemetryNames.PollSpan).ToList();
        Assert.Equal(bench.Upstream.Reads, polls.Count);
        Assert.True(polls.Count > 1, "The task should have been running at the first look.");
        Assert.All(polls, poll => Assert.Equal(accept.Id, poll.ParentId));
        var complete = Assert.Single(trace, a => a.OperationName == TelemetryNames.CompleteSpan);
        Assert.Equal(polls[^1].Id, complete.ParentId);
        Assert.Equal("Succeeded", complete.GetTagItem(TelemetryNames.StateTag));
        Assert.All(trace, a => Assert.Equal(bench.Only.Id.ToString(), a.GetTagItem(TelemetryNames.JobIdTag)));
        Assert.All(trace, a => Assert.Equal(accept.TraceId, a.TraceId));
    }

    [Fact]
    public async Task Looks_AreLinkedToTheCycleThatTookThem()
    {
        var bench = new PipelineBench();
        using var spans = new Spans();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(30));

        foreach (var poll in spans.Of(bench).Where(a => a.OperationName == TelemetryNames.PollSpan))
        {
            var link = Assert.Single(poll.Links);
            Assert.NotEqual(poll.TraceId, link.Context.TraceId);
            Assert.Contains(spans.All, a => a.OperationName == TelemetryNames.PollCycleSpan && a.SpanId == link.Context.SpanId);
        }
    }

    [Fact]
    public async Task Drop_IsOneTrace_FromItsEventToItsEnd_RetriesIncluded()
    {
        var bench = new PipelineBench();
        using var spans = new Spans();
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.Of(ErrorKind.Retry, "overloaded", 503)));
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        var trace = spans.Of(bench);
        var drop = Assert.Single(trace, a => a.OperationName == TelemetryNames.DropSpan);
        Assert.Null(drop.ParentId);
        Assert.Equal(drop.Id, bench.Only.TraceParent);
        var attempts = trace.Where(a => a.OperationName == TelemetryNames.GenerateSpan).ToList();
        Assert.Equal([1, 2], attempts.Select(a => a.GetTagItem(TelemetryNames.AttemptTag)));
        Assert.Equal(drop.Id, attempts[0].ParentId);
        Assert.Equal((ActivityStatusCode.Error, "overloaded"), (attempts[0].Status, attempts[0].GetTagItem(TelemetryNames.ErrorTag)));
        var submit = Assert.Single(trace, a => a.OperationName == TelemetryNames.SubmitSpan);
        Assert.Equal(drop.Id, submit.ParentId);
        Assert.Equal(submit.Id, attempts[1].ParentId);
        Assert.Equal(ActivityStatusCode.Unset, attempts[1].Status);
        Assert.Single(trace, a => a.OperationName == TelemetryNames.CompleteSpan);
    }

    [Fact]
    public async Task CancelledJob_EndsInItsOwnTrace_LinkedToTheRequestThatCancelledIt()
    {
        var bench = new PipelineBench();
        using var spans = new Spans();
        await bench.Service.AcceptAsync(Ask(traceParent: null), CancellationToken.None);
        using var caller = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        await bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);

        var complete = Assert.Single(spans.Of(bench), a => a.OperationName == TelemetryNames.CompleteSpan);
        Assert.Equal(bench.Only.TraceParent, complete.ParentId);
        Assert.Equal(caller.SpanId, Assert.Single(complete.Links).Context.SpanId);
    }

    [Fact]
    public async Task WithoutAListener_TheRequestsOwnContextIsKept()
    {
        var bench = new PipelineBench();

        await bench.Service.AcceptAsync(Ask("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), CancellationToken.None);

        // Another test's listener may be at work: then the context is a child of the request's.
        Assert.StartsWith("00-4bf92f3577b34da6a3ce929d0e0e4736-", bench.Only.TraceParent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Measurements_TellOfJobsTokensCostAndTimes()
    {
        var bench = new PipelineBench();
        using var measured = new Measurements(bench.Meters);

        await bench.Service.AcceptAsync(Ask(traceParent: null), CancellationToken.None);
        bench.Time.Advance(TimeSpan.FromSeconds(3));
        await bench.RunAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(0.5));

        Assert.Equal(["Queued", "Submitted", "Succeeded"], measured.Of(TelemetryNames.Jobs).Select(m => m.Tag(TelemetryNames.StateTag)));
        Assert.Equal(
            [("input", 1_000d), ("output", 580d)],
            measured.Of(TelemetryNames.TokenUsage).Select(m => (m.Tag(TelemetryNames.TokenTypeTag), m.Value)));
        Assert.Equal((double)bench.Only.CostUsd!, Assert.Single(measured.Of(TelemetryNames.Cost)).Value, 12);
        Assert.Equal(1, Assert.Single(measured.Of(TelemetryNames.Attempts)).Value);
        Assert.Equal(3, Assert.Single(measured.Of(TelemetryNames.QueueAge)).Value);
        Assert.All(measured.Of(TelemetryNames.PollLag), m => Assert.InRange(m.Value, 0, 0.5));
        Assert.Equal(bench.Upstream.Reads, measured.Of(TelemetryNames.PollLag).Count);
        var operation = Assert.Single(measured.Of(TelemetryNames.OperationDuration));
        Assert.InRange(operation.Value, 8, 11);
        Assert.Equal("gemini-2.5-flash", operation.Tag(TelemetryNames.ModelTag));
        Assert.Equal(
            (bench.Only.CompletedAt - bench.Only.AcceptedAt)!.Value.TotalSeconds, Assert.Single(measured.Of(TelemetryNames.Duration)).Value);
    }

    [Fact]
    public async Task FailuresAndUnknownUsage_AreMeasuredAsSuch()
    {
        var bench = new PipelineBench();
        using var measured = new Measurements(bench.Meters);
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.Of(ErrorKind.Retry, "overloaded", 503)));
        bench.Upstream.Next(new SubmitOutcome.Answered(Answers.Text("Without counts.") with { Usage = null }));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(["overloaded", ""], measured.Of(TelemetryNames.OperationDuration).Select(m => m.Tag(TelemetryNames.ErrorTag)));
        Assert.Equal(2, Assert.Single(measured.Of(TelemetryNames.Attempts)).Value);
        Assert.Single(measured.Of(TelemetryNames.Unpriced));
        Assert.Empty(measured.Of(TelemetryNames.TokenUsage));
        Assert.Empty(measured.Of(TelemetryNames.Cost));
    }

    [Fact]
    public async Task NothingSaid_HoldsContentNamesOrSecrets()
    {
        var bench = new PipelineBench();
        using var spans = new Spans();
        using var measured = new Measurements(bench.Meters);
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.Of(ErrorKind.Retry, "overloaded", 503) with { Message = Secret, RequestId = Secret }));
        bench.Upstream.Next(new SubmitOutcome.Answered(Answers.Text(Secret)));
        await bench.Service.AcceptAsync(
            Ask(traceParent: null) with
            {
                Tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["t"] = Secret },
                IdempotencyKey = Secret,
                Fingerprint = "f",
            },
            CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var accepted = bench.Only;
        await bench.DropAsync($"default/{Secret}.jpg", [.. PipelineBench.Jpeg, .. Encoding.ASCII.GetBytes(Secret)]);
        await bench.DropAsync($"default/{Secret}.bin", Encoding.ASCII.GetBytes("\0\u0001" + Secret));
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Contains(Secret, bench.Text($"{accepted.ResultName}.result.json"), StringComparison.Ordinal);
        var said = spans.Of(bench).SelectMany(Said).Concat(measured.All.SelectMany(m => m.Tags.Select(t => $"{t.Key}={t.Value}"))).ToList();
        Assert.True(said.Count > 50, string.Join('\n', said));
        Assert.DoesNotContain(said, text => text.Contains(Secret, StringComparison.OrdinalIgnoreCase));

        static IEnumerable<string> Said(Activity a) =>
            [a.DisplayName, a.StatusDescription ?? "", .. a.TagObjects.Select(t => $"{t.Key}={t.Value}"), .. a.Events.Select(e => e.Name), .. a.Baggage.Select(b => $"{b.Value}")];
    }

    private static NewJob Ask(string? traceParent) => new()
    {
        Caller = "tests",
        Origin = JobOrigin.Api,
        Request = new JobRequest { Prompt = Secret },
        TraceParent = traceParent,
    };

    /// <summary>The spans of all tests that run at the time; a bench's own are told by its jobs.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _stopped = new();
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == TelemetryNames.Source,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _stopped.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IReadOnlyList<Activity> All => [.. _stopped];

        /// <summary>In the order they began.</summary>
        public IReadOnlyList<Activity> Of(PipelineBench bench)
        {
            var ids = bench.Storage.Jobs.AllJobs().Select(job => job.TraceParent![3..35]).ToHashSet(StringComparer.Ordinal);
            return [.. _stopped.Where(a => ids.Contains(a.TraceId.ToString())).OrderBy(a => a.StartTimeUtc)];
        }

        public void Dispose() => _listener.Dispose();
    }

    private sealed record Measurement(string Name, double Value, IReadOnlyList<KeyValuePair<string, object?>> Tags)
    {
        public string Tag(string name) => Tags.FirstOrDefault(t => t.Key == name).Value?.ToString() ?? "";
    }

    private sealed class Measurements : IDisposable
    {
        private readonly ConcurrentQueue<Measurement> _all = new();
        private readonly MeterListener _listener = new();

        public Measurements(IMeterFactory scope)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == TelemetryNames.Source && ReferenceEquals(instrument.Meter.Scope, scope))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public IReadOnlyList<Measurement> All => [.. _all];

        public IReadOnlyList<Measurement> Of(string name) => [.. _all.Where(m => m.Name == name)];

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _all.Enqueue(new Measurement(instrument.Name, value, tags.ToArray()));
    }
}
