using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using Microsoft.Extensions.DependencyInjection;
using Charge = FlashDrop.Simulator.Recording.UsageRecord;
using UsageRecord = FlashDrop.Core.Metering.UsageRecord;

namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>
/// The promises of <c>docs/reliability.md</c>, held against what a run left in the real storage and against what the upstream saw.
/// Everything that is wrong is told at once.
/// </summary>
internal sealed class ChaosBooks
{
    private const string Interrupted = "interrupted";
    private const string Unanswered = "unanswered";

    /// <summary>A look at a task that ends this long before the last one is certain to happen.</summary>
    private static readonly TimeSpan CertainlyLookedAtFor = TimeSpan.FromSeconds(12);

    private readonly ChaosRun _run;
    private readonly List<string> _wrong = [];
    private readonly Dictionary<JobId, Job> _jobs = [];
    private readonly List<UsageRecord> _usage = [];
    private readonly Dictionary<string, byte[]> _results = new(StringComparer.Ordinal);
    private IReadOnlyList<RequestRecord> _requests = [];
    private IReadOnlyList<Charge> _charges = [];
    private int _orphans;

    private ChaosBooks(ChaosRun run) => _run = run;

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<string> Wrong => _wrong;

    /// <summary>The run in figures.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"{_jobs.Count} jobs ({string.Join(", ", _jobs.Values.GroupBy(j => j.State).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key}"))}), "
        + $"{_jobs.Values.Sum(j => j.Attempts.Count)} attempts ({_jobs.Values.Sum(j => j.Attempts.Count(a => a.ErrorCode == Interrupted))} interrupted), "
        + $"{Submissions.Count()} submissions, {_charges.Count} charged answers, {_usage.Count} usage rows ({_usage.Count(u => u.Late)} late), "
        + $"{_orphans} orphans, {_requests.Count(r => r.Fault is not null)} of {_requests.Count} upstream requests met a fault, "
        + $"{_usage.Sum(u => u.CostUsd ?? 0)} USD, {_run.Elapsed.TotalSeconds:0} s");

    private IEnumerable<RequestRecord> Submissions => _requests.Where(r => r.Kind == RequestKind.Generate);

    /// <summary>Reads everything and checks it.</summary>
    public static async Task<ChaosBooks> CheckAsync(ChaosRun run)
    {
        var books = new ChaosBooks(run);
        await books.ReadAsync();
        books.CheckJobs();
        books.CheckAttempts();
        books.CheckUsage();
        await books.CheckSumsAsync();
        await books.CheckSecretsAsync();
        return books;
    }

    /// <summary>What may not change when everything is asked for once more.</summary>
    public async Task CheckAgainAsync()
    {
        foreach (var (was, @is) in await _run.AskAgainAsync())
        {
            Check(was == @is, $"The request of job {was} was repeated under its key and became {@is}.");
        }

        var later = new ChaosBooks(_run);
        await later.ReadAsync();
        Check(later._jobs.Count == _jobs.Count, $"{later._jobs.Count} jobs after everything was asked for again, {_jobs.Count} before.");
        Check(later._usage.Count == _usage.Count, $"{later._usage.Count} usage rows after everything was asked for again, {_usage.Count} before.");
        Check(later.Submissions.Count() == Submissions.Count(), $"{later.Submissions.Count()} submissions after everything was asked for again, {Submissions.Count()} before.");
        foreach (var (id, job) in _jobs)
        {
            Check(PortJson.Write(later._jobs[id]) == PortJson.Write(job), $"{Describe(job)} changed after its end.");
        }
    }

    private async Task ReadAsync()
    {
        var (store, today) = (_run.Ports.GetRequiredService<IJobStore>(), DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime));
        foreach (var day in (DateOnly[])[today.AddDays(-1), today])
        {
            await foreach (var job in store.ListJobsAsync(day, default))
            {
                _jobs.Add(job.Id, job);
            }

            await foreach (var row in store.ListUsageAsync(day, default))
            {
                _usage.Add(row);
            }
        }

        await foreach (var (name, bytes) in BlobsAsync(Containers.Results))
        {
            _results.Add(name, bytes);
        }

        _requests = await _run.Upstream.RequestsAsync();
        _charges = (await _run.Upstream.UsageAsync()).Charges;
    }

    /// <summary>Every promise is one job, terminal, with what its state says in <c>results</c>.</summary>
    private void CheckJobs()
    {
        Check(_jobs.Keys.ToHashSet().SetEquals(_run.Promised.Keys), $"Jobs nobody asked for: {string.Join(", ", _jobs.Keys.Except(_run.Promised.Keys))}; promises without a job: {string.Join(", ", _run.Promised.Keys.Except(_jobs.Keys))}.");
        Check(_run.Promised.Values.Select(w => w.Number).Distinct().Count() == _run.Promised.Count, "A drop or a key became two jobs.");
        foreach (var job in _jobs.Values)
        {
            Check(job.IsTerminal, $"{Describe(job)} is not terminal.");
            var (result, error) = (EnvelopeOf(ResultNames.Result(job)), EnvelopeOf(ResultNames.Error(job)));
            Check((result is not null) == (job.State == JobState.Succeeded), $"{Describe(job)} {(result is null ? "has no" : "has a")} result.");
            Check((error is not null) == (job.State == JobState.Failed), $"{Describe(job)} {(error is null ? "has no" : "has an")} error.");
            if ((result ?? error) is { } envelope)
            {
                Check(envelope.JobId == job.Id && envelope.State == job.State, $"The envelope of {Describe(job)} is of {envelope.JobId}, {envelope.State}.");
                Check(envelope.Cost.Usd == (job.CostUsd ?? (envelope.Cost.Known ? 0m : null)), $"The envelope of {Describe(job)} says {envelope.Cost.Usd} USD, the row {job.CostUsd}.");
                Check(envelope.Attempts.Count == job.Attempts.Count, $"The envelope of {Describe(job)} has {envelope.Attempts.Count} attempts, the row {job.Attempts.Count}.");
            }

            if (job.State == JobState.Succeeded)
            {
                Check(job.Attempts.Any(a => a.ErrorCode is null && a.EndedAt is not null), $"{Describe(job)} without a good attempt.");
                Check(job.Drop is null || _results.ContainsKey(ResultNames.Answer(job)), $"{Describe(job)} has no bare answer.");
            }

            Check(job.State != JobState.Cancelled || _run.Cancelled.GetValueOrDefault(job.Id), $"{Describe(job)}, and nobody was told so: {job.Error?.Code}.");
        }

        foreach (var id in _run.Cancelled.Where(c => c.Value).Select(c => c.Key))
        {
            Check(_jobs.GetValueOrDefault(id)?.State == JobState.Cancelled, $"The caller of {id} was told it is cancelled; it is {_jobs.GetValueOrDefault(id)?.State}.");
        }
    }

    /// <summary>Attempts are submissions, one by one; what the upstream saw beyond is an orphan that the row explains.</summary>
    private void CheckAttempts()
    {
        var seen = Submissions.ToLookup(r => JobOf(r));
        Check(seen.All(group => _jobs.ContainsKey(group.Key)), "The upstream saw submissions of jobs that do not exist.");
        foreach (var job in _jobs.Values)
        {
            var submissions = seen[job.Id].ToList();
            var interrupted = job.Attempts.Count(a => a.ErrorCode == Interrupted);
            Check(
                submissions.Count >= job.Attempts.Count - interrupted && submissions.Count <= job.Attempts.Count + (EndedMeanwhile(job) ? 1 : 0),
                $"{Describe(job)} shows {job.Attempts.Count} attempts, {interrupted} of them interrupted; the upstream saw {submissions.Count} submissions.");
            foreach (var attempt in job.Attempts.Where(a => a.TaskId is not null))
            {
                Check(submissions.Exists(s => s.TaskId == attempt.TaskId), $"{Describe(job)}: attempt {attempt.Number} has task {attempt.TaskId}, which the upstream never made for it.");
            }
        }
    }

    /// <summary>One row for each answer that was charged and could be seen, with the upstream's own counts and price.</summary>
    private void CheckUsage()
    {
        var made = Submissions.Where(r => r.AnswerId is not null).ToDictionary(r => r.TaskId ?? r.AnswerId!, StringComparer.Ordinal);
        var rows = _usage.ToLookup(u => u.Id, StringComparer.Ordinal);
        foreach (var same in rows.Where(r => r.Count() > 1))
        {
            Check(false, $"{same.Key} has {same.Count()} usage rows.");
        }

        var matched = new HashSet<string>(StringComparer.Ordinal);
        var orphans = new List<(Job Job, string Charge)>();
        foreach (var charge in _charges.OrderBy(c => c.At))
        {
            var submission = made[charge.Id];
            var job = _jobs[JobOf(submission)];
            var row = submission.TaskId is not null
                ? rows[charge.Id].FirstOrDefault()
                : _usage.Find(u => u.JobId == job.Id && u.Id.StartsWith($"{job.Id}-", StringComparison.Ordinal) && !matched.Contains(u.Id) && IsOf(u, charge, submission));
            if (row is not null)
            {
                matched.Add(row.Id);
                Check(row.JobId == job.Id && IsOf(row, charge, submission), $"Usage row {row.Id} of {row.JobId} says {row.Usage?.PromptTokens} and {row.Usage?.CandidatesTokens} tokens, {row.CostUsd} USD; the upstream charged {job.Id} {charge.PromptTokens} and {charge.CandidatesTokens}, {charge.CostUsd} USD.");
            }
            else if (submission.TaskId is null || !job.Attempts.Any(a => a.TaskId == submission.TaskId))
            {
                orphans.Add((job, charge.Id));
            }
            else
            {
                // Its task is known, so somebody looked until the window closed: unless it was lost, took longer, or the job was cancelled before its message was sent.
                Check(
                    charge.Lost || job.State == JobState.Cancelled || charge.At - submission.At > CertainlyLookedAtFor,
                    $"{Describe(job)}: task {charge.Id} was answered {charge.At - submission.At} after its submission and has no usage row.");
            }
        }

        Check(_usage.TrueForAll(u => matched.Contains(u.Id)), $"Usage rows that stand for nothing the upstream did: {string.Join(", ", _usage.Where(u => !matched.Contains(u.Id)).Select(u => u.Id))}.");
        _orphans = orphans.Count;
        foreach (var of in orphans.GroupBy(o => o.Job))
        {
            var explained = of.Key.Attempts.Count(a => a.ErrorCode is Interrupted or Unanswered) + (EndedMeanwhile(of.Key) ? 1 : 0);
            Check(of.Count() <= explained, $"{Describe(of.Key)}: {string.Join(", ", of.Select(o => o.Charge))} were charged, no row knows them, and only {explained} attempts were interrupted or unanswered.");
        }
    }

    /// <summary>Rows, attempts, envelopes and the report sum up to the same.</summary>
    private async Task CheckSumsAsync()
    {
        var rows = _usage.Sum(u => u.CostUsd ?? 0);
        var attempted = _jobs.Values.SelectMany(j => j.Attempts).Sum(a => a.CostUsd ?? 0);
        var beside = _usage.Where(u => !_jobs[u.JobId].Attempts.Any(a => a.Number == u.Attempt && a.CostUsd is not null && (a.TaskId ?? $"{u.JobId}-{a.Number}") == u.Id)).ToList();
        Check(beside.TrueForAll(u => u.Late || u.CostUsd is null), $"Usage beside the attempts that is not of a late answer: {string.Join(", ", beside.Where(u => !u.Late).Select(u => u.Id))}.");
        Check(rows == attempted + beside.Sum(u => u.CostUsd ?? 0), $"The rows sum up to {rows}, the attempts to {attempted}, late answers to {beside.Sum(u => u.CostUsd ?? 0)} USD.");

        var enveloped = _results.Keys.Where(n => n.EndsWith(ResultNames.ResultSuffix, StringComparison.Ordinal) || n.EndsWith(ResultNames.ErrorSuffix, StringComparison.Ordinal))
            .Sum(n => EnvelopeOf(n)!.Attempts.Sum(a => a.CostUsd ?? 0));
        var cancelled = _jobs.Values.Where(j => j.State == JobState.Cancelled).SelectMany(j => j.Attempts).Sum(a => a.CostUsd ?? 0);
        Check(enveloped + cancelled == attempted, $"The envelopes sum up to {enveloped}, the attempts of cancelled jobs to {cancelled}, all attempts to {attempted} USD.");

        using var request = new HttpRequestMessage(HttpMethod.Get, "api/usage");
        using var response = await _run.SendAsync(request);
        using var report = await response!.Content.ReadFromJsonAsync<JsonDocument>();
        var total = report!.RootElement.GetProperty("total");
        Check(
            total.GetProperty("costUsd").GetDecimal() == rows && total.GetProperty("answers").GetInt64() == _usage.Count,
            $"The usage report says {total.GetProperty("costUsd").GetDecimal()} USD for {total.GetProperty("answers").GetInt64()} answers, the rows {rows} for {_usage.Count}.");
    }

    /// <summary>Neither rows nor blobs nor the log tell a key or a signature.</summary>
    private async Task CheckSecretsAsync()
    {
        string[] secrets = [ChaosRun.UpstreamKey, _run.Key, "sig="];
        await foreach (var row in _run.Ports.GetRequiredService<TableServiceClient>().GetTableClient("jobs").QueryAsync<TableEntity>())
        {
            CheckSecretFree($"row {row.RowKey}", string.Join(' ', ((IDictionary<string, object>)row).Values), secrets);
        }

        foreach (var container in (string[])[Containers.Results, Containers.Requests, Containers.Reports])
        {
            await foreach (var (name, bytes) in BlobsAsync(container))
            {
                CheckSecretFree($"{container}/{name}", Encoding.UTF8.GetString(bytes), secrets);
            }
        }

        // The caller's own key is shown to the person who starts the host.
        CheckSecretFree("the hosts' output", _run.Output, [ChaosRun.UpstreamKey, "sig="]);
    }

    private void CheckSecretFree(string where, string text, IEnumerable<string> secrets)
    {
        foreach (var secret in secrets)
        {
            Check(!text.Contains(secret, StringComparison.Ordinal), $"'{secret}' in {where}.");
        }
    }

    private async IAsyncEnumerable<(string Name, byte[] Bytes)> BlobsAsync(string container)
    {
        var blobs = _run.Ports.GetRequiredService<BlobServiceClient>().GetBlobContainerClient(container);
        await foreach (var blob in blobs.GetBlobsAsync())
        {
            yield return (blob.Name, (await blobs.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content.ToArray());
        }
    }

    private ResultEnvelope? EnvelopeOf(string name) =>
        _results.TryGetValue(name, out var bytes) ? JsonSerializer.Deserialize(bytes, ResultJson.Readable.ResultEnvelope) : null;

    private static JobId JobOf(RequestRecord submission) => JobId.Parse(submission.IdempotencyKey!.Split('-')[1]);

    /// <summary>Whether the job ended while its attempt was under way: from outside, or by an earlier task's late answer.</summary>
    private static bool EndedMeanwhile(Job job) => !job.Attempts.Any(a => a.Number == job.Attempt);

    private static bool IsOf(UsageRecord row, Charge charge, RequestRecord submission) => submission.Fault == "no counts"
        ? row.Usage is null && row.CostUsd is null
        : (row.Usage?.PromptTokens, row.Usage?.CachedTokens, row.Usage?.CandidatesTokens, row.Usage?.ThoughtsTokens, row.CostUsd)
            == (charge.PromptTokens, charge.CachedTokens, charge.CandidatesTokens, charge.ThoughtsTokens, charge.CostUsd);

    private static string Describe(Job job) =>
        $"Job {job.Id} ({job.Drop?.Path ?? "asked for"}) is {job.State}{(job.Error is { } error ? $", {error.Code}" : "")}, attempts {string.Join(" ", job.Attempts.Select(a => $"{a.Number}:{a.ErrorCode ?? "good"}"))}";

    private void Check(bool holds, string wrong)
    {
        if (!holds)
        {
            _wrong.Add(wrong);
        }
    }
}
