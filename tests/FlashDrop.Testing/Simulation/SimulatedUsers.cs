using System.Text;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;

namespace FlashDrop.Testing.Simulation;

/// <summary>A file as it was put into the inbox.</summary>
/// <param name="Order">Which came later.</param>
/// <param name="Path">Its path.</param>
/// <param name="Job">The job it has to become.</param>
internal sealed record SimulatedDrop(int Order, string Path, JobId Job);

/// <summary>
/// People and programs: drop files, replace and delete them, ask over HTTP with and without idempotency keys, ask again when they get
/// no answer, hang up, cancel.
/// </summary>
internal sealed class SimulatedUsers(SimulatedWorld simulation, Action<string> publish, Random random)
{
    /// <summary>The fault of a caller who does not wait for the answer.</summary>
    public const string HungUp = "caller hung up";

    private const int MaxTries = 8;

    private static readonly string[] Paths =
        ["default/photo.jpg", "default/photo.jpg", "meeting-notes/talk.txt", "quick/note.txt", "quick/scan.pdf", "root.jpg", "default/empty.jpg", "nowhere/lost.txt", "default/blob.bin"];

    private readonly Dictionary<JobId, SimulatedDrop> _drops = [];
    private readonly Dictionary<string, SimulatedDrop> _inbox = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<JobId>> _keys = new(StringComparer.Ordinal);
    private int _requests;
    private int _waiting;

    /// <summary>Every version of every file, by the job it has to become.</summary>
    public IReadOnlyDictionary<JobId, SimulatedDrop> Drops => _drops;

    /// <summary>What is in the inbox now.</summary>
    public IReadOnlyDictionary<string, SimulatedDrop> Inbox => _inbox;

    /// <summary>Jobs somebody was told are accepted.</summary>
    public HashSet<JobId> Promised { get; } = [];

    /// <summary>The jobs that callers were told of for each idempotency key.</summary>
    public IReadOnlyDictionary<string, HashSet<JobId>> JobsOfKeys => _keys;

    /// <summary>Jobs somebody asked to cancel.</summary>
    public HashSet<JobId> CancelAsked { get; } = [];

    /// <summary>Whether a caller still waits for an answer or is about to ask again.</summary>
    public bool Busy => _waiting > 0;

    public void Begin()
    {
        simulation.Storage.Content.Put(
            Containers.Profiles, "quick.json", Encoding.UTF8.GetBytes($$"""{ "prompt": "{{SimulatedWorld.Content}}", "tier": "beta-then-standard", "output": "text", "maxAttempts": 3, "generationConfig": { "maxOutputTokens": 8192 } }"""));
        for (var action = 0; action < simulation.Plan.UserActions; action++)
        {
            simulation.At(TimeSpan.FromSeconds(random.Next((int)simulation.Plan.UsersComeWithin.TotalSeconds)), random.Next(5) switch
            {
                0 or 1 => AskOnce,
                2 when random.Next(6) == 0 => SendRubbish,
                _ => DropSomething,
            });
        }
    }

    /// <summary>Drops nobody has taken up yet.</summary>
    public IEnumerable<string> DropsWithoutJob() =>
        _inbox.Values.Where(drop => simulation.Storage.Jobs.Peek(drop.Job) is null).Select(drop => drop.Path).Order(StringComparer.Ordinal);

    private void DropSomething()
    {
        var path = Paths[random.Next(Paths.Length)];
        Put(path);
        foreach (var wait in Enumerable.Range(0, random.Next(3)).Select(_ => Soon()).Order().ToArray())
        {
            if (random.Next(4) == 0)
            {
                simulation.At(wait, () => Remove(path));
            }
            else
            {
                simulation.At(wait, () => Put(path));
            }
        }

        if (random.Next(4) == 0)
        {
            simulation.At(Soon(), () => Cancel(_inbox.TryGetValue(path, out var drop) ? drop.Job : null));
        }
    }

    private void Put(string path)
    {
        var info = simulation.Storage.Content.Put(Containers.Inbox, path, BytesOf(path));
        var drop = new SimulatedDrop(_drops.Count + 1, path, JobId.ForDrop(Containers.Inbox, path, info.ETag, info.LastModified));
        _drops.Add(drop.Job, drop);
        _inbox[path] = drop;
        simulation.Log($"user drops {path} as {drop.Job}");
        simulation.Invariants.NoteMessage(SimulatedHost.BlobEvents, path);
        publish(path);
    }

    private void Remove(string path)
    {
        simulation.Log($"user deletes {path}");
        simulation.Storage.Content.Remove(Containers.Inbox, path);
        _inbox.Remove(path);
    }

    private void AskOnce()
    {
        var number = ++_requests;
        var key = random.Next(3) > 0 ? $"{SimulatedWorld.CallerKey}-{number}" : null;
        var job = new NewJob
        {
            Caller = $"caller-{number % 2}",
            Origin = JobOrigin.Api,
            Profile = random.Next(3) == 0 ? "quick" : "default",
            Request = new JobRequest
            {
                Prompt = $"{SimulatedWorld.Content} question {number}",
                Inputs = random.Next(2) == 0 ? [] : [new InlineInput { Data = BytesOf(random.Next(2) == 0 ? "a.jpg" : "a.pdf") }],
            },
            IdempotencyKey = key,
            Fingerprint = key is null ? null : "one",
            Tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["request"] = $"{number}" },
        };
        Ask(job, tries: 1);
        if (key is not null)
        {
            for (var copy = random.Next(3); copy > 0; copy--)
            {
                _waiting++;
                simulation.At(random.Next(2) == 0 ? TimeSpan.FromMilliseconds(random.Next(100)) : Soon(), () =>
                {
                    _waiting--;
                    Ask(job, tries: 1);
                });
            }

            if (random.Next(4) == 0)
            {
                _waiting++;
                simulation.At(Soon(), () =>
                {
                    _waiting--;
                    Ask(job with { Fingerprint = "another" }, MaxTries);
                });
            }
        }
    }

    private void Ask(NewJob job, int tries)
    {
        _waiting++;
        if (simulation.AnyInstance() is not { } instance)
        {
            AskAgain(job, tries);
            return;
        }

        AcceptOutcome? outcome = null;
        var operation = simulation.Begin(
            "POST jobs",
            instance,
            async op => outcome = await instance.Jobs.AcceptAsync(job, op.Cancellation.Token),
            failure =>
            {
                if (failure is not null)
                {
                    AskAgain(job, tries);
                    return;
                }

                _waiting--;
                Hear(job, outcome!);
            });
        if (simulation.Faulty && random.Next(20) == 0)
        {
            simulation.At(TimeSpan.FromMilliseconds(random.Next(100)), () => HangUp(operation));
        }
    }

    private void Hear(NewJob job, AcceptOutcome outcome)
    {
        switch (outcome)
        {
            case AcceptOutcome.Accepted accepted:
                Promised.Add(accepted.Job.Id);
                if (job.IdempotencyKey is { } key)
                {
                    if (!_keys.TryGetValue(key, out var jobs))
                    {
                        _keys[key] = jobs = [];
                    }

                    jobs.Add(accepted.Job.Id);
                    simulation.Invariants.CheckKey(key, job, jobs);
                }

                if (!accepted.Replayed && random.Next(4) == 0)
                {
                    simulation.At(Soon(), () => Cancel(accepted.Job.Id));
                }

                break;

            case AcceptOutcome.KeyReused when job.IdempotencyKey is not null:
                // Another body came first, or comes second: either way only one of them has a job.
                break;

            default:
                throw simulation.Fail("a valid request is accepted", $"{outcome}");
        }
    }

    private void AskAgain(NewJob job, int tries)
    {
        // Without a key, nobody knows whether the first time counted; asking again may be a second job, and that is their choice.
        if (tries >= MaxTries || (job.IdempotencyKey is null && random.Next(2) == 0))
        {
            _waiting--;
            return;
        }

        simulation.At(TimeSpan.FromSeconds(random.Next(1, 60)), () =>
        {
            _waiting--;
            Ask(job, tries + 1);
        });
    }

    private void HangUp(Operation operation)
    {
        if (!operation.Ended)
        {
            simulation.Log($"{operation} caller hangs up");
            simulation.CountFault(HungUp);
            simulation.Trouble(operation, HungUp);
            operation.Cancellation.Cancel();
        }
    }

    private void Cancel(JobId? id)
    {
        if (id is not { } job || simulation.AnyInstance() is not { } instance)
        {
            return;
        }

        CancelAsked.Add(job);
        simulation.Begin("DELETE job", instance, op => instance.Jobs.CancelAsync(job, op.Cancellation.Token), _ => { });
    }

    private void SendRubbish()
    {
        simulation.Storage.Queue.Send(Queues.Submit, "not ours");
        simulation.Storage.Queue.Send(Queues.Poll, "{}");
    }

    /// <summary>Mostly while the work is under way, sometimes long after.</summary>
    private TimeSpan Soon() => random.Next(3) switch
    {
        0 => TimeSpan.FromMilliseconds(random.Next(1_500)),
        1 => TimeSpan.FromSeconds(random.Next(60)),
        _ => TimeSpan.FromSeconds(random.Next(1_500)),
    };

    private byte[] BytesOf(string path)
    {
        var text = Encoding.ASCII.GetBytes($"{SimulatedWorld.Content} file {random.Next(1_000)}");
        return Path.GetExtension(path) switch
        {
            _ when path.Contains("empty", StringComparison.Ordinal) => [],

            // A comment and a frame of 16 × 16.
            ".jpg" => [0xFF, 0xD8, 0xFF, 0xFE, 0, (byte)(text.Length + 2), .. text, 0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0, 0xFF, 0xD9],

            // One page, and larger than what goes inline.
            ".pdf" => [.. "%PDF-1.4\n%"u8, .. text, .. Enumerable.Repeat((byte)'x', 1_500), .. "\n2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF"u8],
            ".bin" => [1, 2, 3, 0, .. text],
            _ => text,
        };
    }
}
