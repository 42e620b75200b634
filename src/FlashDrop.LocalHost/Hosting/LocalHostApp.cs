using System.Net;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure.Keys;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Functions;
using FlashDrop.LocalHost.Azurite;
using FlashDrop.LocalHost.Display;
using FlashDrop.LocalHost.Functions;
using FlashDrop.LocalHost.Mirror;
using FlashDrop.LocalHost.Once;
using FlashDrop.LocalHost.Settings;
using FlashDrop.LocalHost.Upstream;
using FlashDrop.Simulator;
using Microsoft.Extensions.Options;
using Spectre.Console;

namespace FlashDrop.LocalHost.Hosting;

/// <summary>
/// One run of this host: what is missing (storage, upstream) is started first, then the functions; everything this run started is
/// ended again, in reverse order.
/// </summary>
/// <param name="options">What the command line asks for.</param>
/// <param name="console">Where news goes.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalHostApp(RunOptions options, IAnsiConsole console, TimeProvider time)
{
    private static readonly TimeSpan StoragePatience = TimeSpan.FromSeconds(20);

    private bool IsOnce => options.OnceFolder is not null;

    /// <summary>Runs.</summary>
    /// <param name="cancellationToken">Stops the host.</param>
    /// <returns>The exit code: 0, or 1 when <c>--once</c> left a file without an answer.</returns>
    /// <exception cref="LocalHostException">Something a person has to put right.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var run = $"once-{time.GetUtcNow():yyyyMMdd-HHmmss}";
        var samples = options.OnceFolder is { } folder ? Sample.Find(folder, run) : [];
        if (!IsOnce && options.Port != 0 && !LoopbackPorts.IsFree(options.Port))
        {
            throw PortInUse();
        }

        // A single run keeps its data to itself, so it may run beside a host that works in the same folder.
        using var folderLock = IsOnce ? null : FolderLock.Take(options.LocalFolder);
        var configuration = Configuration();
        await using var azurite = await StartStorageAsync(configuration, cancellationToken);
        await using var simulator = await StartUpstreamAsync(configuration, cancellationToken);
        var key = AddDevelopmentKey(configuration);

        var feed = new JobFeed();
        var settings = HostSettings.Load(Path.Combine(AppContext.BaseDirectory, "host.json"));
        var catalog = FunctionCatalog.Discover(
            typeof(FlashDropServiceCollectionExtensions).Assembly.GetExportedTypes(), settings.RoutePrefix, new SettingExpressions(configuration));
        await using var app = Build(configuration, catalog, feed);
        await PrepareAsync(app, simulator is null, cancellationToken);

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = RunEngineAsync(app, settings, catalog, stopping.Token);
        try
        {
            return IsOnce
                ? await RunOnceAsync(app, samples, run, feed, cancellationToken)
                : await RunUntilStoppedAsync(app, azurite, simulator, key, feed, cancellationToken);
        }
        finally
        {
            await stopping.CancelAsync();
            await work;
            await app.StopAsync(CancellationToken.None);
        }
    }

    private ConfigurationManager Configuration()
    {
        ConfigurationManager configuration = new();
        configuration.SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json").AddEnvironmentVariables();
        configuration.AddInMemoryCollection(options.Settings);
        if (options.Verbose)
        {
            Add(configuration, ("Logging:LogLevel:Default", "Information"));
        }

        return configuration;
    }

    private async Task<AzuriteServer?> StartStorageAsync(ConfigurationManager configuration, CancellationToken cancellationToken)
    {
        if (configuration.GetSection(StorageConnectionOptions.Section) is var section && (section.Value is { Length: > 0 } || section.GetChildren().Any()))
        {
            return null;
        }

        var data = Path.Combine(options.LocalFolder, "azurite");
        var azurite = await AzuriteServer.StartAsync(
            new AzuriteOptions
            {
                DataFolder = IsOnce ? null : data,
                StatePath = IsOnce ? null : Path.Combine(options.LocalFolder, "azurite.json"),
                ToolFolder = options.LocalFolder,
                Ports = IsOnce ? null : AzuritePorts.Default,
                Say = console.WriteLine,
            },
            time,
            cancellationToken);
        Add(configuration, (StorageConnectionOptions.Section, azurite.Ports.ConnectionString));
        return azurite;
    }

    private static async Task<SimulatorHost?> StartUpstreamAsync(ConfigurationManager configuration, CancellationToken cancellationToken)
    {
        if (configuration[ConfigurationKeyRing.ConfigurationKey] is { Length: > 0 } || configuration[$"{KeyVaultOptions.Section}:{nameof(KeyVaultOptions.VaultUri)}"] is { Length: > 0 })
        {
            return null;
        }

        var simulator = await SimulatorHost.StartAsync(new SimulatorOptions(), cancellationToken);
        Add(
            configuration,
            (ConfigurationKeyRing.ConfigurationKey, "sk-simulator"),
            ($"{UpstreamOptions.Section}:{nameof(UpstreamOptions.GenerateBaseUrl)}", simulator.BaseUrl.ToString()),
            ($"{UpstreamOptions.Section}:{nameof(UpstreamOptions.TasksBaseUrl)}", simulator.BaseUrl.ToString()),
            ($"{UpstreamOptions.Section}:{nameof(UpstreamOptions.AllowLoopbackLinks)}", "true"),
            ("FlashDrop:Gateway:AllowLoopbackUrls", "true"));

        // Simulated tasks take seconds; anything the person set stays.
        if (configuration["FlashDrop:Pipeline:FirstPollDelay"] is null)
        {
            Add(configuration, ("FlashDrop:Pipeline:FirstPollDelay", "00:00:02"));
        }

        return simulator;
    }

    private string? AddDevelopmentKey(ConfigurationManager configuration)
    {
        if (IsOnce)
        {
            return null;
        }

        var key = DevelopmentKey.GetOrCreate(options.LocalFolder);
        configuration.AddInMemoryCollection(DevelopmentKey.Settings(key));
        return key;
    }

    private static void Add(ConfigurationManager configuration, params (string Key, string Value)[] settings) =>
        configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)));

    private WebApplication Build(ConfigurationManager configuration, FunctionCatalog catalog, JobFeed feed)
    {
        // The empty builder reads nothing by itself: settings come from one place, the configuration above.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Listen(IPAddress.Loopback, IsOnce ? 0 : options.Port);
        });
        builder.Logging.AddConfiguration(configuration.GetSection("Logging")).AddConsole(log => log.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.AddSingleton<IJobObserver>(feed);
        builder.Services.AddSingleton<FunctionInvoker>();
        builder.Services.AddFlashDrop(builder.Configuration);
        var app = builder.Build();

        // Some clients put a slash after a base URL that ends with one.
        app.Use((context, next) =>
        {
            if (context.Request.Path.Value is { } path && path.StartsWith("//", StringComparison.Ordinal))
            {
                context.Request.Path = $"/{path.TrimStart('/')}";
            }

            return next(context);
        });
        app.UseRouting();
        app.MapHttpFunctions(catalog, app.Services.GetRequiredService<FunctionInvoker>());
        return app;
    }

    private async Task PrepareAsync(WebApplication app, bool realUpstream, CancellationToken cancellationToken)
    {
        await EnsureStorageAsync(app, cancellationToken);
        if (realUpstream)
        {
            using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
            var check = new UpstreamCheck(
                app.Services.GetRequiredService<IKeyRing>(), app.Services.GetRequiredService<IOptions<UpstreamOptions>>(), handler);
            if (await check.RunAsync(cancellationToken) is { } warning)
            {
                console.WriteLine(warning);
            }
        }

        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            throw PortInUse(exception);
        }
    }

    private static async Task EnsureStorageAsync(WebApplication app, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StoragePatience);
        var where = string.Empty;
        try
        {
            where = app.Services.GetRequiredService<BlobServiceClient>().Uri.GetLeftPart(UriPartial.Authority);
            await app.Services.GetRequiredService<StorageInitializer>().EnsureAsync(patience.Token);
        }
        catch (Exception exception) when (
            exception is StorageUnavailableException or global::Azure.RequestFailedException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var reason = exception is OperationCanceledException ? $"no answer within {StoragePatience.TotalSeconds:0} s" : exception.Message;
            throw new LocalHostException(
                $"The storage at {where} cannot be used: {TerminalText.OneLine(reason, 300)}",
                $"Start it, or correct {StorageConnectionOptions.Section}, or remove that setting to use a local Azurite.",
                exception);
        }
    }

    private async Task RunEngineAsync(WebApplication app, HostSettings settings, FunctionCatalog catalog, CancellationToken stopping)
    {
        var blobs = app.Services.GetRequiredService<BlobServiceClient>();
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("FlashDrop.LocalHost.Mirror");
        var engine = new Engine(
            catalog,
            settings,
            app.Services.GetRequiredService<FunctionInvoker>(),
            blobs,
            app.Services.GetRequiredService<QueueServiceClient>(),
            time,
            loggers);
        List<Task> work = [engine.RunAsync(IsOnce ? null : options.LocalFolder, stopping)];
        if (!IsOnce)
        {
            var inbox = Path.Combine(options.WorkFolder, Containers.Inbox);
            Directory.CreateDirectory(inbox);
            work.Add(new InboxMirror(inbox, Path.Combine(options.LocalFolder, "mirror-inbox.json"), blobs, time, logger).RunAsync(stopping));
            work.AddRange(((string[])[Containers.Results, Containers.Reports]).Select(container =>
                Output(container, Path.Combine(options.LocalFolder, $"mirror-{container}.json"), part: null, blobs, logger).RunAsync(stopping)));
        }

        await Task.WhenAll(work);
    }

    private OutputMirror Output(string container, string? statePath, string? part, BlobServiceClient blobs, ILogger logger) =>
        new(Path.Combine(options.WorkFolder, container), statePath, blobs, container, part, time, logger);

    private async Task<int> RunOnceAsync(WebApplication app, IReadOnlyList<Sample> samples, string run, JobFeed feed, CancellationToken cancellationToken)
    {
        var blobs = app.Services.GetRequiredService<BlobServiceClient>();
        var once = new OnceRun(samples, blobs, app.Services.GetRequiredService<IJobService>(), console, time);
        var missing = await once.RunAsync(feed.Changes, options.Timeout, cancellationToken);
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("FlashDrop.LocalHost.Mirror");
        await Output(Containers.Results, statePath: null, $"/{run}/", blobs, logger).MirrorAsync(cancellationToken);
        console.WriteLine($"The answers are in {Path.Combine(options.WorkFolder, Containers.Results, "{profile}", run)}.");
        if (missing.Count == 0)
        {
            return 0;
        }

        await Console.Error.WriteLineAsync($"Without an answer: {string.Join(", ", missing.Select(name => TerminalText.OneLine(name, 200)))}.");
        return 1;
    }

    private async Task<int> RunUntilStoppedAsync(
        WebApplication app, AzuriteServer? azurite, SimulatorHost? simulator, string? key, JobFeed feed, CancellationToken cancellationToken)
    {
        console.WriteLine(Banner.Text(options, app.Urls.First(), key, azurite, simulator));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var live = console.Profile.Capabilities.Interactive && !Console.IsOutputRedirected && !options.Verbose;
        var view = new JobView(console, live, time).RunAsync(feed.Changes, done.Token);
        try
        {
            // Without storage of our own there is nothing to watch: only the person ends the run.
            await (azurite?.WaitForEndAsync(done.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, time, done.Token));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.WriteLine("Stopping.");
            return 0;
        }
        finally
        {
            await done.CancelAsync();
            await view;
        }

        throw new LocalHostException("Azurite, the local storage, ended by itself.", "Start again; the jobs go on where they were.");
    }

    private LocalHostException PortInUse(Exception? exception = null) => new(
        $"Port {options.Port} is in use by another program.", "Choose another one with --port, or --port 0 for any free one.", exception);

    /// <summary>Leaves Ctrl+C and SIGTERM to the command line, which ends everything in order.</summary>
    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
