using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Testing.Simulation;

/// <summary>
/// The promises. Some are checked at every effect, on what storage then says; the others when everything is done. Each names itself
/// and says what it found in words.
/// </summary>
internal sealed class Invariants(SimulatedWorld simulation)
{
    /// <summary>Looks at a task end this long before the last moment at which one may still be made.</summary>
    private static readonly TimeSpan WindowMargin = TimeSpan.FromMinutes(25);

    /// <summary>Task timeout and the window after it, as the simulation sets them.</summary>
    private static readonly TimeSpan LookedAtFor = TimeSpan.FromMinutes(60);

    private readonly Dictionary<JobId, List<string>> _disturbed = [];
    private readonly Dictionary<JobId, Job> _rows = [];
    private readonly Dictionary<JobId, string> _ended = [];
    private readonly Dictionary<string, JobId> _writers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _polled = new(StringComparer.Ordinal);
    private readonly HashSet<(string Queue, string Text)> _known = [];
    private readonly List<(string Queue, string Text)> _messages = [];
    private Exception? _broken;

    /// <summary>Every message and event there was, oldest first.</summary>
    public IReadOnlyList<(string Queue, string Text)> Messages => [.. _messages];

    /// <summary>Whether nothing may change any more.</summary>
    public bool Frozen { get; set; }

    /// <summary>Every job as its row says, by id.</summary>
    public IReadOnlyCollection<Job> Rows => _rows.Values;

    /// <summary>Submissions no attempt stands for.</summary>
    public int Orphans { get; private set; }

    /// <summary>Throws what an effect broke; effects happen inside the code under test, which must not catch it.</summary>
    public void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw _broken;
        }
    }

    /// <summary>A fault struck the work on a job.</summary>
    public void Disturb(JobId job, string what)
    {
        if (!_disturbed.TryGetValue(job, out var troubles))
        {
            _disturbed[job] = troubles = [];
        }

        troubles.Add(what);
    }

    /// <summary>A job as its row says; null when there is none.</summary>
    public Job? RowOf(JobId id) => _rows.GetValueOrDefault(id);

    /// <summary>Whether a fault struck the work on a job.</summary>
    public bool IsDisturbed(JobId id) => _disturbed.ContainsKey(id);

    /// <summary>The name of an attempt's usage row.</summary>
    public static string UsageIdOf(JobId job, Attempt attempt) => attempt.TaskId ?? $"{job}-{attempt.Number}";

    public void NoteMessage(string queue, string text)
    {
        if (!Frozen && _known.Add((queue, text)))
        {
            _messages.Add((queue, text));
        }
    }

    /// <summary>Rows, logs and messages carry neither secrets nor content.</summary>
    public void CheckPublicText(string what, string text)
    {
        foreach (var secret in new[] { SimulatedWorld.UpstreamKey, SimulatedWorld.UrlSignature, SimulatedWorld.CallerKey, SimulatedWorld.Content })
        {
            Check(!text.Contains(secret, StringComparison.Ordinal), "no secret or content in logs, rows and messages", $"'{secret}' in a {what}: {text}");
        }
    }

    /// <summary>The triggers fail for the reasons they say, not by accident.</summary>
    public void CheckFailure(Operation operation, Exception? failure) =>
        Check(
            failure is null or StorageUnavailableException or OperationCanceledException or FormatException or BlobChangedException,
            "triggers fail only for storage, shutdown, rubbish or a replaced blob",
            $"{operation}: {failure}");

    public void CheckKey(string key, NewJob request, HashSet<JobId> jobs)
    {
        var rows = simulation.Storage.Jobs.AllJobs().Count(j => j.Tags.TryGetValue("request", out var tag) && tag == request.Tags["request"]);
        Check(jobs.Count == 1 && rows == 1, "an idempotency key is one job", $"Key {key} stands for {string.Join(", ", jobs)}, {rows} rows.");
    }

    /// <summary>Called right after an effect on storage, before anything else can happen.</summary>
    public void AfterEffect(StorageCall effect)
    {
        switch (effect.Operation)
        {
            case StorageOperations.JobAdd or StorageOperations.JobUpdate or StorageOperations.JobDelete when JobId.TryParse(effect.Target, out var id):
                AfterRow(id);
                break;
            case StorageOperations.BlobWrite or StorageOperations.BlobCopy:
                AfterBlob(effect.Target);
                break;
            case StorageOperations.BlobDelete when WriterOf(effect.Target[(Containers.Results.Length + 1)..]) is null:
                _writers.Remove(effect.Target[(Containers.Results.Length + 1)..]);
                break;
            case StorageOperations.QueueSend or StorageOperations.QueueUpdate:
                AfterMessage(effect.Target);
                break;
            default:
                break;
        }
    }

    /// <summary>Everything is done: the books must balance.</summary>
    /// <param name="reported">The usage rows as a report reads them.</param>
    public void AtRest(IReadOnlyList<UsageRecord> reported)
    {
        var jobs = simulation.Storage.Jobs.AllJobs();
        var usage = simulation.Storage.Jobs.AllUsage();
        foreach (var job in jobs)
        {
            Check(job.IsTerminal, "every accepted job reaches a terminal state", Describe(job));
            CheckResult(job);
            CheckAttempts(job);
            CheckMoney(job, [.. usage.Where(u => u.JobId == job.Id)]);
        }

        CheckUsage(usage, jobs);
        var (sum, attempted) = (usage.Sum(u => u.CostUsd ?? 0), jobs.SelectMany(j => j.Attempts).Sum(a => a.CostUsd ?? 0));
        var late = usage.Where(u => !jobs.First(j => j.Id == u.JobId).Attempts.Any(a => a.CostUsd is not null && UsageIdOf(u.JobId, a) == u.Id)).Sum(u => u.CostUsd ?? 0);
        Check(
            sum == attempted + late && reported.Sum(u => u.CostUsd ?? 0) == sum && reported.Count == usage.Count,
            "the rows, the attempts and the report sum up to the same",
            $"Rows {sum}, attempts {attempted} and late answers {late}, report {reported.Sum(u => u.CostUsd ?? 0)} USD.");
        CheckDrops(jobs);
        foreach (var promised in simulation.Users.Promised)
        {
            Check(_rows.ContainsKey(promised), "an accepted request is a job", $"A caller was told {promised} is accepted; there is no such row.");
        }

        foreach (var container in new[] { Containers.Results, Containers.Requests, Containers.Reports })
        {
            foreach (var name in simulation.Storage.Content.Names(container))
            {
                CheckSecretFree($"{container}/{name}", simulation.Storage.Content.Peek(container, name)!);
            }
        }

        ThrowIfBroken();
    }

    /// <summary>Everything was delivered again: it must have changed nothing.</summary>
    public void AfterReplay(IReadOnlyDictionary<string, string> before)
    {
        var after = Snapshot();
        foreach (var name in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (was, @is) = (before.GetValueOrDefault(name, "(nothing)"), after.GetValueOrDefault(name, "(nothing)"));
            Check(was == @is, "replaying any message changes nothing", $"{name} differs {Difference(was, @is)}");
        }

        ThrowIfBroken();
    }

    /// <summary>All that lasts: rows, usage, results, submissions.</summary>
    public IReadOnlyDictionary<string, string> Snapshot()
    {
        var snapshot = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["submissions"] = $"{simulation.Upstream.Submissions.Count}" };
        foreach (var job in simulation.Storage.Jobs.AllJobs())
        {
            snapshot[$"row {job.Id}"] = PortJson.Write(job);
        }

        foreach (var row in simulation.Storage.Jobs.AllUsage())
        {
            snapshot[$"usage {row.JobId}/{row.Id}"] = PortJson.Write(row);
        }

        foreach (var name in simulation.Storage.Content.Names(Containers.Results).Where(n => !IsStray(n)))
        {
            snapshot[$"blob {name}"] = Encoding.UTF8.GetString(simulation.Storage.Content.Peek(Containers.Results, name)!);
        }

        return snapshot;
    }

    /// <summary>A blob whose job ended otherwise; whoever comes across it removes it.</summary>
    private bool IsStray(string name) =>
        WriterOf(name) is { } writer && _rows.TryGetValue(writer, out var row)
        && (row.State == JobState.Cancelled || (row.State == JobState.Failed) != name.EndsWith(ResultNames.ErrorSuffix, StringComparison.Ordinal));

    /// <summary>Where two texts part, with what is around.</summary>
    private static string Difference(string was, string @is)
    {
        var at = was.AsSpan().CommonPrefixLength(@is);
        var from = Math.Max(0, at - 60);
        return $"at {at}: it was\n  …{was[from..Math.Min(was.Length, at + 120)]}\nand is\n  …{@is[from..Math.Min(@is.Length, at + 120)]}";
    }

    private void AfterRow(JobId id)
    {
        var row = simulation.Storage.Jobs.Peek(id)?.Job;
        var before = _rows.GetValueOrDefault(id);
        if (row is null)
        {
            Check(before is null, "a job's row stays", $"The row of {Describe(before!)} is gone.");
            return;
        }

        var json = PortJson.Write(row);
        CheckPublicText("row", json);
        if (_ended.TryGetValue(id, out var final))
        {
            Check(json == final, "a terminal job never changes", $"{Describe(row)} differs {Difference(final, json)}");
            return;
        }

        _rows[id] = row;
        var due = simulation.Storage.Jobs.PeekActive(id);
        Check(row.IsTerminal == (due is null), "a job has an active row until it is terminal", $"{Describe(row)}; active row: {due?.ToString("HH:mm:ss") ?? "none"}.");
        Check(row.IsTerminal || due == row.DueAt, "the active row says when the job is due", $"{Describe(row)} is due {row.DueAt:HH:mm:ss}, its active row says {due:HH:mm:ss}.");
        if (!row.IsTerminal)
        {
            return;
        }

        _ended[id] = json;
        if (row.State == JobState.Succeeded)
        {
            CheckWritten(row, ResultNames.Result(row), "the result blob exists before the row says Succeeded");
        }
        else if (row.State == JobState.Failed)
        {
            CheckWritten(row, ResultNames.Error(row), "the error blob exists before the row says Failed");
        }
    }

    private void CheckWritten(Job job, string name, string promise)
    {
        var writer = WriterOf(name);
        Check(
            writer == job.Id || (writer is { } other && (IsNewer(other, job.Id) || CannotTell(other, job.Id))) || ReplacedByNewer(job),
            promise,
            $"{Describe(job)}, but {name} {(writer is null ? "does not exist" : $"is of {writer}")}.");
    }

    private bool DroppedAgain(Job job) => simulation.Users.Drops.Values.Any(d => d.Path == job.Drop?.Path && IsNewer(d.Job, job.Id));

    /// <summary>Whether a newer drop of the same name has a result or an error, so that there is no place for this one's.</summary>
    private bool ReplacedByNewer(Job job) =>
        new[] { ResultNames.Result(job), ResultNames.Error(job) }.Any(name => WriterOf(name) is { } writer && IsNewer(writer, job.Id));

    /// <summary>Of two drops in one second the one in the inbox is the newer; when neither is there any more, the first to finish stands.</summary>
    private bool CannotTell(JobId one, JobId other) => one.Time == other.Time && !simulation.Users.Inbox.Values.Any(d => d.Job == other);

    private void AfterBlob(string target)
    {
        const string Results = Containers.Results + "/";
        if (!target.StartsWith(Results, StringComparison.Ordinal) || WriterOf(target[Results.Length..]) is not { } writer)
        {
            return;
        }

        var name = target[Results.Length..];
        if (_writers.TryGetValue(name, out var before))
        {
            Check(
                before == writer || !IsNewer(before, writer) || _rows.GetValueOrDefault(before)?.State == JobState.Cancelled,
                "a newer drop's result is never overwritten by an older one's",
                $"{name} was of {before}, which is newer, and is of {writer} now.");
        }

        _writers[name] = writer;
    }

    private void AfterMessage(string queue)
    {
        foreach (var text in simulation.Storage.Queue.Peek(queue))
        {
            if (!_known.Contains((queue, text)))
            {
                CheckPublicText("message", text);
                NoteMessage(queue, text);
            }

            if (queue == Queues.Poll && PortJson.TryReadPoll(text, out var poll) && poll.Job.TaskId is { } task)
            {
                _polled.Add(task);
            }
        }
    }

    /// <summary>Each result stands as its row says, unless a newer drop of the same name took its place.</summary>
    private void CheckResult(Job job)
    {
        // A try that dies between its blob and its row leaves the blob; the one that ends the job removes it, unless it dies as well, or had ended it before.
        var strays = _disturbed.GetValueOrDefault(job.Id)?.Count(what => what != SimulatedUsers.HungUp) > (job.State == JobState.Cancelled ? 0 : 1);
        var (result, error) = (EnvelopeOf(ResultNames.Result(job)), EnvelopeOf(ResultNames.Error(job)));
        if (job.State != JobState.Succeeded)
        {
            Check(strays || result?.JobId != job.Id, "only a succeeded job has a result", $"{Describe(job)}, yet {ResultNames.Result(job)} is its own.");
            Check(strays || WriterOf(ResultNames.Answer(job)) != job.Id, "only a succeeded job has an answer", $"{Describe(job)}, yet {ResultNames.Answer(job)} is its own.");
        }

        if (job.State != JobState.Failed)
        {
            Check(strays || error?.JobId != job.Id, "only a failed job has an error", $"{Describe(job)}, yet {ResultNames.Error(job)} is its own.");
        }

        var stands = job.State switch { JobState.Succeeded => result, JobState.Failed => error, _ => null };
        var envelope = stands?.JobId == job.Id ? stands : null;
        if (envelope is null)
        {
            Check(
                job.State == JobState.Cancelled || DroppedAgain(job) || simulation.Users.Drops.Values.Any(d => d.Path == job.Drop?.Path && d.Job != job.Id && CannotTell(d.Job, job.Id)),
                "a finished job has a result or an error",
                $"{Describe(job)}, and neither {ResultNames.Result(job)} nor {ResultNames.Error(job)} is its own; nothing newer was dropped.");
            return;
        }

        // A job that was never answered cost nothing, which its row leaves out.
        var cost = job.CostUsd ?? (job.Attempts.Any(a => a.ModelVersion is not null || a.Usage is not null) ? null : 0m);
        Check(
            Books(envelope.State, envelope.Attempts, envelope.Cost.Usd, envelope.Error?.Code) == Books(job.State, job.Attempts, cost, job.Error?.Code),
            "the envelope says what the row says",
            $"The envelope: {Books(envelope.State, envelope.Attempts, envelope.Cost.Usd, envelope.Error?.Code)}\nthe row: {Books(job.State, job.Attempts, cost, job.Error?.Code)}");
        if (job.State == JobState.Succeeded)
        {
            var submission = simulation.Upstream.Submissions.SingleOrDefault(s => s.Job == job.Id && s.Answer?.Text == envelope.Answer?.Text);
            Check(
                submission?.Answer?.Quality == AnswerQuality.Complete,
                "a success is a whole answer to this job",
                $"{Describe(job)} with '{envelope.Answer?.Text}', which the upstream gave as {submission?.Answer?.FinishReason ?? "nothing at all"}.");
            if (job.Drop is not null && WriterOf(ResultNames.Answer(job)) is { } answerer && !IsNewer(answerer, job.Id))
            {
                var bare = simulation.Storage.Content.Peek(Containers.Results, ResultNames.Answer(job));
                Check(
                    bare is not null && Encoding.UTF8.GetString(bare) == envelope.Answer?.Text,
                    "the bare answer is the envelope's",
                    $"{ResultNames.Answer(job)} of {Describe(job)} differs from the envelope.");
            }
        }
    }

    private static string Books(JobState state, IReadOnlyList<Attempt> attempts, decimal? cost, string? error) =>
        $"{state} {error} cost {cost?.ToString() ?? "unknown"}; " + string.Join(", ", attempts.Select(a => $"{a.Number} {a.Tier} {a.TaskId} {a.ErrorCode} {a.CostUsd}"));

    private void CheckAttempts(Job job)
    {
        var submissions = simulation.Upstream.Submissions.Count(s => s.Job == job.Id);
        var disturbed = _disturbed.GetValueOrDefault(job.Id) ?? [];
        var interrupted = job.Attempts.Count(a => a.ErrorCode == "interrupted");
        Check(
            interrupted == 0 || disturbed.Count > 0,
            "an interrupted attempt was interrupted by something",
            $"{Describe(job)} has {interrupted} interrupted attempts and nothing struck it.");
        Check(
            submissions >= job.Attempts.Count - interrupted,
            "an attempt is a submission",
            $"{Describe(job)} shows {job.Attempts.Count} attempts, {interrupted} of them interrupted; the upstream saw {submissions} submissions.");

        // What a crash or a lost answer left behind is an attempt all the same: written off, not forgotten.
        var orphans = Math.Max(0, submissions - job.Attempts.Count);
        Orphans += orphans;
        Check(
            orphans <= UnseenSubmissions(job),
            "a submission is an attempt, or an orphan that a fault explains",
            $"{Describe(job)} shows {job.Attempts.Count} attempts; the upstream saw {submissions}. Faults: {(disturbed.Count > 0 ? string.Join(", ", disturbed.Distinct()) : "none")}.");
        Check(job.Attempt - job.Holds <= job.MaxAttempts, "the attempt limit holds", $"{Describe(job)}: {job.Holds} holds, limit {job.MaxAttempts}.");
    }

    /// <summary>
    /// Submissions that no attempt stands for: one when the job ended while its attempt was under way (from outside, or by an earlier task's late answer),
    /// for then there is no row to note it in; and one for each time that two had hold of the same message.
    /// </summary>
    private int UnseenSubmissions(Job job) =>
        (job.Attempts.Any(a => a.Number == job.Attempt) ? 0 : 1)
        + (_disturbed.GetValueOrDefault(job.Id)?.Count(what => what is SimulatedWorld.DoubledMessage or SimulatedHost.LostLease) ?? 0);

    /// <summary>Answers that may have been paid without a usage row: the row says of each that it was interrupted or unanswered.</summary>
    private int UnseenAnswers(Job job) => job.Attempts.Count(a => a.ErrorCode is "interrupted" or "unanswered") + UnseenSubmissions(job);

    /// <summary>What the row says it cost is what its usage rows say, row by row.</summary>
    private void CheckMoney(Job job, List<UsageRecord> usage)
    {
        var answered = job.Attempts.Where(a => a.ModelVersion is not null || a.Usage is not null || a.CostUsd is not null).ToList();
        foreach (var attempt in answered)
        {
            var id = UsageIdOf(job.Id, attempt);
            var row = usage.Find(u => u.Id == id);
            Check(row is not null && row.CostUsd == attempt.CostUsd, "an answered attempt has its usage row", $"{Describe(job)}: attempt {attempt.Number} ({id}, {attempt.CostUsd}) against {(row is null ? "no row" : $"{row.CostUsd}")}.");
            usage.RemoveAll(u => u.Id == id);
        }

        Check(usage.TrueForAll(u => u.Late), "usage beside the attempts is of late answers", $"{Describe(job)}: {string.Join(", ", usage.Where(u => !u.Late).Select(u => u.Id))} stand for no attempt and are not late.");
        var sum = answered.Count > 0 && answered.TrueForAll(a => a.CostUsd is not null) ? answered.Sum(a => a.CostUsd) : null;
        Check(job.CostUsd == sum, "a job costs the sum of its attempts", $"{Describe(job)} says {job.CostUsd?.ToString() ?? "unknown"}, its attempts sum up to {sum?.ToString() ?? "unknown"}.");
    }

    /// <summary>One usage row for each answer that was paid for and could be seen, with what the upstream counted.</summary>
    private void CheckUsage(IReadOnlyList<UsageRecord> usage, IReadOnlyList<Job> jobs)
    {
        var paid = new Dictionary<string, SimulatedSubmission>(StringComparer.Ordinal);
        var unseen = new Dictionary<JobId, int>();
        foreach (var submission in simulation.Upstream.Submissions.Where(s => s.Answer is not null))
        {
            if (submission.TaskId is { } task)
            {
                paid[task] = submission;
                var seenInTime = _polled.Contains(task) && submission.LostAt is null && submission.DoneAt <= submission.At + LookedAtFor - WindowMargin;
                Check(
                    !seenInTime || usage.Count(u => u.Id == task) == 1,
                    "an answered task has exactly one usage row",
                    $"Task {task} of {Describe(jobs.First(j => j.Id == submission.Job))} was answered at {submission.DoneAt:HH:mm:ss} and has {usage.Count(u => u.Id == task)} rows.");
            }
            else
            {
                var rows = usage.Where(u => u.JobId == submission.Job && u.Id.StartsWith($"{submission.Job}-", StringComparison.Ordinal) && SameCounts(u, submission)).ToList();
                Check(rows.Count <= 1, "an immediate answer has exactly one usage row", $"The answer {submission.Number} of {submission.Job} has {rows.Count}.");
                if (rows.Count == 0)
                {
                    unseen[submission.Job] = unseen.GetValueOrDefault(submission.Job) + 1;
                }
                else
                {
                    paid[rows[0].Id] = submission;
                }
            }
        }

        foreach (var (id, answers) in unseen)
        {
            var job = jobs.First(j => j.Id == id);
            Check(
                answers <= UnseenAnswers(job),
                "an immediate answer has exactly one usage row",
                $"{answers} answers of {Describe(job)} have none; its row explains {UnseenAnswers(job)}. Faults: {string.Join(", ", _disturbed.GetValueOrDefault(id) ?? [])}.");
        }

        foreach (var row in usage)
        {
            Check(
                paid.TryGetValue(row.Id, out var submission) && submission.Job == row.JobId,
                "a usage row stands for an answer",
                $"Row {row.Id} of {row.JobId} stands for nothing the upstream did.");
            Check(
                submission is null || SameCounts(row, submission),
                "a usage row counts what the upstream counted; unknown is never zero",
                $"Row {row.Id} says {row.Usage?.PromptTokens.ToString() ?? "unknown"} prompt tokens, the upstream {submission?.Answer?.Usage?.PromptTokens.ToString() ?? "unknown"}.");
        }
    }

    private static bool SameCounts(UsageRecord row, SimulatedSubmission submission) =>
        (row.Usage?.PromptTokens, row.Usage?.CandidatesTokens) == (submission.Answer?.Usage?.PromptTokens, submission.Answer?.Usage?.CandidatesTokens);

    private void CheckDrops(IReadOnlyList<Job> jobs)
    {
        foreach (var drop in simulation.Users.Inbox.Values.OrderBy(d => d.Order))
        {
            var job = jobs.FirstOrDefault(j => j.Id == drop.Job);
            Check(job is not null, "every drop is a job", $"{drop.Path} ({drop.Job}) has none.");
            Check(
                job is null || job.State != JobState.Cancelled || simulation.Users.CancelAsked.Contains(drop.Job),
                "every drop has a result or an error, unless it was replaced, deleted or cancelled",
                $"{drop.Path} is {job?.State} for {job?.Error?.Code}, and nobody asked for that.");
        }

        foreach (var job in jobs.Where(j => j.Drop is not null))
        {
            Check(simulation.Users.Drops.ContainsKey(job.Id), "a drop is one job", $"{Describe(job)} is of {job.Drop!.Path}, which was never dropped in that version.");
        }
    }

    private void CheckSecretFree(string name, byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        foreach (var secret in new[] { SimulatedWorld.UpstreamKey, SimulatedWorld.UrlSignature, SimulatedWorld.CallerKey })
        {
            Check(!text.Contains(secret, StringComparison.Ordinal), "no secret in blobs", $"'{secret}' in {name}.");
        }
    }

    private ResultEnvelope? EnvelopeOf(string name) => simulation.Storage.Content.Peek(Containers.Results, name) is { } bytes
        ? JsonSerializer.Deserialize(bytes, ResultJson.Readable.ResultEnvelope)
        : null;

    private JobId? WriterOf(string name) =>
        simulation.Storage.Content.PeekInfo(Containers.Results, name) is { } info && info.Metadata.TryGetValue("jobid", out var text) && JobId.TryParse(text, out var id)
            ? id
            : null;

    private bool IsNewer(JobId one, JobId than) =>
        simulation.Users.Drops.TryGetValue(one, out var newer) && simulation.Users.Drops.TryGetValue(than, out var older) && newer.Order > older.Order;

    private static string Describe(Job job) => $"Job {job.Id} ({job.Drop?.Path ?? job.Origin.ToString()}) is {job.State} at attempt {job.Attempt}{(job.Error is { } error ? $", {error.Code}" : "")}";

    /// <summary>Only the first break counts; what follows from it would confuse.</summary>
    private void Check(bool holds, string promise, string detail)
    {
        if (!holds && _broken is null)
        {
            _broken = simulation.Fail(promise, detail);
        }
    }
}
