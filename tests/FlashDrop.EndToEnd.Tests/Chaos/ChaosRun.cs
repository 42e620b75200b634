using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.LocalHost.Azurite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>
/// LocalHost, Azurite and the simulator as three processes. Work comes in while the host is killed and started again; nothing but the
/// storage and the upstream remembers anything.
/// </summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    /// <summary>Must never be seen in anything that is kept.</summary>
    public const string UpstreamKey = "sk-chaos-5f0c1e7a9b";

    private const int Callers = 8;

    /// <summary>One request in five meets a fault; the first rule that fires wins.</summary>
    private const string Faults = """
        [
          { "name": "busy", "match": { "kind": "generate", "probability": 0.04 }, "action": { "status": 429, "retryAfter": 1 } },
          { "name": "overloaded", "match": { "kind": "generate", "probability": 0.04 }, "action": { "status": 503 } },
          { "name": "account empty", "match": { "kind": "generate", "probability": 0.005 }, "action": { "status": 402, "code": "insufficient_user_quota" } },
          { "name": "reset", "match": { "kind": "generate", "probability": 0.02 }, "action": { "reset": true } },
          { "name": "silent", "match": { "kind": "generate", "probability": 0.01 }, "action": { "silence": true } },
          { "name": "at once", "match": { "kind": "generate", "probability": 0.03 }, "action": { "ignoreAsync": "answer" } },
          { "name": "as a stream", "match": { "kind": "generate", "probability": 0.02 }, "action": { "ignoreAsync": "sse" } },
          { "name": "truncated", "match": { "kind": "generate", "probability": 0.02 }, "action": { "finishReason": "MAX_TOKENS" } },
          { "name": "no counts", "match": { "kind": "generate", "probability": 0.01 }, "action": { "noUsage": true } },
          { "name": "fails", "match": { "kind": "generate", "probability": 0.02 }, "action": { "failedTask": "service_error" } },
          { "name": "late", "match": { "kind": "generate", "probability": 0.01 }, "action": { "lateTask": 17 } },
          { "name": "lost", "match": { "kind": "generate", "probability": 0.01 }, "action": { "lostTask": true } },
          { "name": "look fails", "match": { "kind": "task", "probability": 0.14 }, "action": { "status": 503 } },
          { "name": "look is cut", "match": { "kind": "task", "probability": 0.06 }, "action": { "reset": true } }
        ]
        """;

    /// <summary>The times of a day, brought down to seconds: what takes minutes in production has to happen within the run.</summary>
    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal)
    {
        ["PollTasksSchedule"] = "*/1 * * * * *",
        ["SweepSchedule"] = "*/5 * * * * *",
        ["FlashDrop:Pipeline:MaxAttempts"] = "8",
        ["FlashDrop:Pipeline:MaxUnanswered"] = "4",
        ["FlashDrop:Pipeline:RetryDelay"] = "00:00:01",
        ["FlashDrop:Pipeline:MaxRetryDelay"] = "00:00:04",
        ["FlashDrop:Pipeline:HoldDelay"] = "00:00:03",
        ["FlashDrop:Pipeline:FirstPollDelay"] = "00:00:01",
        ["FlashDrop:Pipeline:MinPollDelay"] = "00:00:01",
        ["FlashDrop:Pipeline:MaxPollDelay"] = "00:00:02",
        ["FlashDrop:Pipeline:PollLease"] = "00:00:15",
        ["FlashDrop:Pipeline:Heartbeat"] = "00:00:08",
        ["FlashDrop:Pipeline:ForgottenAfter"] = "00:00:20",
        ["FlashDrop:Pipeline:InboxGrace"] = "00:00:10",
        ["FlashDrop:Pipeline:TaskTimeout"] = "00:00:12",

        // Longer than a killed host, its lease and a slow start together: a task given up meanwhile is still looked at, and paid for.
        ["FlashDrop:Pipeline:AbandonedTaskWindow"] = "00:01:00",
        ["FlashDrop:Pipeline:AbandonedPollDelay"] = "00:00:03",
        ["FlashDrop:Upstream:AllowLoopbackLinks"] = "true",
        ["FlashDrop:Upstream:Resilience:Submit:AttemptTimeout"] = "00:00:06",
        ["FlashDrop:Upstream:Resilience:Submit:TotalTimeout"] = "00:00:08",

        // One request is one submission then, so that both sides can be counted.
        ["FlashDrop:Upstream:Resilience:Submit:Retries"] = "0",
        ["FlashDrop:Upstream:Resilience:ReadTask:AttemptTimeout"] = "00:00:04",
        ["FlashDrop:Upstream:Resilience:ReadTask:TotalTimeout"] = "00:00:08",
    };

    private readonly ChaosPlan _plan;
    private readonly WorkFolder _folder = new();
    private readonly Random _random;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly ConcurrentQueue<string> _output = new();
    private AzuriteServer? _azurite;
    private ServiceProvider? _ports;
    private LocalHostProcess? _host;
    private HttpClient? _http;

    private ChaosRun(ChaosPlan plan)
    {
        _plan = plan;
        _random = new Random(plan.Seed);
    }

    /// <summary>The upstream.</summary>
    public SimulatorProcess Upstream { get; private set; } = null!;

    /// <summary>The real storage, as it is.</summary>
    public IServiceProvider Ports => _ports!;

    /// <summary>What was wanted, by the job that was promised for it.</summary>
    public ConcurrentDictionary<JobId, ChaosWork> Promised { get; } = new();

    /// <summary>Jobs whose callers were told that they are cancelled.</summary>
    public ConcurrentDictionary<JobId, bool> Cancelled { get; } = new();

    /// <summary>Everything the hosts wrote.</summary>
    public string Output => string.Join('\n', [.. _output, _host?.Output, _host?.Errors]);

    /// <summary>The caller's key.</summary>
    public string Key => _host!.Key;

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>Runs the plan until everything is at rest; the last host is still there then.</summary>
    public static async Task<ChaosRun> RunAsync(ChaosPlan plan)
    {
        var run = new ChaosRun(plan);
        try
        {
            await run.RunAsync();
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the host, with the caller's key; null when there was no answer.</summary>
    public async Task<HttpResponseMessage?> SendAsync(HttpRequestMessage request)
    {
        if (_http is not { } http)
        {
            return null;
        }

        try
        {
            request.RequestUri = new Uri(http.BaseAddress!, request.RequestUri!);
            request.Headers.Authorization = http.DefaultRequestHeaders.Authorization;
            return await http.SendAsync(request, _giveUp.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or SocketException or ObjectDisposedException or IOException || (exception is OperationCanceledException && !_giveUp.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Accepts once more what was accepted before; everybody must get the job they have.</summary>
    public async Task<IReadOnlyList<(JobId Was, JobId Is)>> AskAgainAsync()
    {
        var again = new ConcurrentBag<(JobId, JobId)>();
        await Parallel.ForEachAsync(Promised.Where(p => p.Value.Body is not null), _giveUp.Token, async (promise, cancellationToken) =>
            again.Add((promise.Key, await promise.Value.AskAsync(SendAsync, cancellationToken))));
        return [.. again];
    }

    public async ValueTask DisposeAsync()
    {
        await _giveUp.CancelAsync();
        _http?.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_ports is not null)
        {
            await _ports.DisposeAsync();
        }

        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }

        if (Upstream is not null)
        {
            await Upstream.DisposeAsync();
        }

        _giveUp.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        _azurite = await StartStorageAsync(ports: null);
        _ports = Connect(_azurite.Ports.ConnectionString);
        Upstream = await SimulatorProcess.StartAsync(Faults, _folder.Path, _plan.Seed);
        await StartHostAsync();

        using var callers = new SemaphoreSlim(Callers);
        var work = Enumerable.Range(0, _plan.Jobs).Select(number => ChaosWork.Of(number, _random)).ToList();
        List<Task> underWay = [];
        for (var life = 0; life <= _plan.Kills; life++)
        {
            underWay.AddRange(work.Where(w => w.Number % (_plan.Kills + 1) == life).Select(w => DoAsync(w, callers)));
            if (life == _plan.Kills)
            {
                break;
            }

            var span = _plan.Life.Shortest + (_random.NextDouble() * (_plan.Life.Longest - _plan.Life.Shortest));
            await Task.Delay(span, TimeProvider.System, _giveUp.Token);
            if (life * _plan.StorageRestarts / _plan.Kills != (life + 1) * _plan.StorageRestarts / _plan.Kills)
            {
                await RestartStorageAsync();
            }

            await KillHostAsync();
            await StartHostAsync();
        }

        await Task.WhenAll(underWay);
        await ComeToRestAsync();
        Elapsed = TimeProvider.System.GetElapsedTime(started);
    }

    private async Task DoAsync(ChaosWork work, SemaphoreSlim callers)
    {
        await callers.WaitAsync(_giveUp.Token);
        JobId id;
        try
        {
            id = work.Path is null
                ? await work.AskAsync(SendAsync, _giveUp.Token)
                : await work.DropAsync(Ports.GetRequiredService<BlobServiceClient>().GetBlobContainerClient(Containers.Inbox), _giveUp.Token);
            Promised[id] = work;
        }
        finally
        {
            callers.Release();
        }

        if (work.CancelAfter is { } wait)
        {
            await Task.Delay(wait, TimeProvider.System, _giveUp.Token);
            Cancelled[id] = await ChaosWork.CancelAsync(id, SendAsync, _giveUp.Token);
        }
    }

    /// <summary>Until no job is active and every queue is empty.</summary>
    private async Task ComeToRestAsync()
    {
        var active = Ports.GetRequiredService<TableServiceClient>().GetTableClient("jobs");
        var queues = Ports.GetRequiredService<QueueServiceClient>();
        var store = Ports.GetRequiredService<IJobStore>();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            List<string> left = [.. (await store.FindMissingAsync([.. Promised.Keys], _giveUp.Token)).Select(id => $"{id} has no row")];
            await foreach (var row in active.QueryAsync<TableEntity>("RowKey ge 'active:' and RowKey lt 'active;'", cancellationToken: _giveUp.Token))
            {
                left.Add($"{row.RowKey} {row.GetString("State")} due {row.GetDateTimeOffset("DueAt"):HH:mm:ss}");
            }

            await foreach (var queue in queues.GetQueuesAsync(cancellationToken: _giveUp.Token))
            {
                if ((await queues.GetQueueClient(queue.Name).GetPropertiesAsync(_giveUp.Token)).Value.ApproximateMessagesCount is > 0 and var count)
                {
                    left.Add($"{count} messages in {queue.Name}");
                }
            }

            if (left.Count == 0)
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < _plan.Patience, $"Not at rest after {_plan.Patience}: {string.Join("; ", left)}\n{Output}");
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, _giveUp.Token);
        }
    }

    private async Task StartHostAsync()
    {
        var settings = Settings.Concat(
        [
            new("AzureWebJobsStorage", _azurite!.Ports.ConnectionString),
            new("FlashDrop:Upstream:ApiKey", UpstreamKey),
            new("FlashDrop:Upstream:GenerateBaseUrl", Upstream.Url.ToString()),
            new("FlashDrop:Upstream:TasksBaseUrl", Upstream.Url.ToString()),
        ]);
        _host = await LocalHostProcess.StartAndWaitAsync(_folder.Path, settings.SelectMany(setting => (string[])["--set", $"{setting.Key}={setting.Value}"]));
        _http = new HttpClient { BaseAddress = _host.Url, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _host.Key);
    }

    private async Task KillHostAsync()
    {
        await _host!.KillAsync();
        _http!.Dispose();
        _http = null;
        _output.Enqueue(_host.Output);
        _output.Enqueue(_host.Errors);
        await _host.DisposeAsync();
    }

    private async Task RestartStorageAsync()
    {
        var ports = _azurite!.Ports;
        await _azurite.DisposeAsync();
        _azurite = await StartStorageAsync(ports);
        Assert.Equal(ports, _azurite.Ports);
    }

    private Task<AzuriteServer> StartStorageAsync(AzuritePorts? ports) => AzuriteServer.StartAsync(
        new AzuriteOptions { DataFolder = _folder["storage"], ToolFolder = _folder.Path, Ports = ports },
        TimeProvider.System,
        _giveUp.Token);

    private static ServiceProvider Connect(string connectionString)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new KeyValuePair<string, string?>("AzureWebJobsStorage", connectionString)])
            .Build();
        return new ServiceCollection().AddFlashDropAzure(configuration).BuildServiceProvider();
    }
}
