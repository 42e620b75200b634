using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Endpoints;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Media;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Tasks;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator;

/// <summary>The parts of one simulator, put together.</summary>
internal sealed class Simulation : IDisposable
{
    private readonly SimulatorOptions _options;
    private readonly Dice _dice;
    private readonly PrefixCache _cache;
    private readonly TaskStore _tasks;
    private readonly IdempotencyStore _idempotency = new();
    private readonly HttpClient _http;

    public Simulation(SimulatorOptions options)
    {
        _options = options;
        _dice = new Dice(options.Seed);
        _cache = new PrefixCache(options.Time, options.CacheMinimumTokens);
        _tasks = new TaskStore(options, _dice);
        _http = new HttpClient { Timeout = TimeSpan.FromSeconds(100) };
        Faults = new FaultBook(_dice);
        Faults.Replace(options.Faults);
        Ledger = new UsageLedger(options.Time);
        Keys = new ApiKeys(options.Keys);
    }

    public FaultBook Faults { get; }

    public RequestLog Log { get; } = new();

    public UsageLedger Ledger { get; }

    public ApiKeys Keys { get; }

    /// <summary>Back to the state at the start.</summary>
    public void Reset()
    {
        Faults.Replace(_options.Faults);
        Log.Clear();
        Ledger.Clear();
        Keys.Reset();
        _cache.Clear();
        _tasks.Clear();
        _idempotency.Clear();
    }

    public void Map(WebApplication app)
    {
        var replies = new Replies(_options.Time);
        var intake = new MediaIntake(_http);
        var guard = new RequestGuard(Log, Keys, replies, _options.Time, _dice, app.Lifetime);
        var submit = new SubmitEndpoints(
            _options, Faults, new NativeRequestReader(intake), new ChatRequestReader(intake), new AnswerComposer(_dice, _cache, _options.Time),
            _tasks, Ledger, _idempotency, replies, new StreamReplies(replies, _options));
        var tasks = new TaskEndpoints(_tasks, new TaskWriter(_options.TaskResultForm), Ledger, Faults, replies, _options.Time);
        var catalog = new CatalogEndpoints(_options, Ledger, Faults, replies);

        app.MapPost("/v1beta/models/{**rest}", c => guard.ServeAsync(c, RequestKind.Unknown, needsKey: true, submit.ServeNativeAsync));
        app.MapPost("/v1/chat/completions", c => guard.ServeAsync(c, RequestKind.Chat, needsKey: true, submit.ServeChatAsync));
        app.MapGet("/v1/tasks/{**id}", c => guard.ServeAsync(c, RequestKind.Task, needsKey: true, tasks.ServeTaskAsync));
        app.MapGet("/results/{**name}", c => guard.ServeAsync(c, RequestKind.Result, needsKey: false, tasks.ServeResultAsync));
        app.MapGet("/v1/models", c => guard.ServeAsync(c, RequestKind.Models, needsKey: true, catalog.ServeModelsAsync));
        app.MapGet("/v1beta/models", c => guard.ServeAsync(c, RequestKind.Models, needsKey: true, catalog.ServeNativeModelsAsync));
        app.MapGet("/v1beta/models/{**model}", c => guard.ServeAsync(c, RequestKind.Models, needsKey: true, catalog.ServeNativeModelAsync));
        app.MapGet("/v1/credits", c => guard.ServeAsync(c, RequestKind.Credits, needsKey: true, catalog.ServeCreditsAsync));
        app.MapGet("/web/api/models/pricing", c => guard.ServeAsync(c, RequestKind.Pricing, needsKey: false, catalog.ServePricingAsync));
        app.MapFallback(c => guard.ServeAsync(
            c, RequestKind.Unknown, needsKey: true, _ => throw RefusedException.EvoLink(404, $"No such endpoint: {c.Request.Method} {c.Request.Path}")));
        new ControlEndpoints(this).Map(app);
    }

    public void Dispose() => _http.Dispose();
}
