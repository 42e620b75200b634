using System.CommandLine;
using FlashDrop.LocalHost.Display;
using Microsoft.Extensions.Options;
using Spectre.Console;

namespace FlashDrop.LocalHost.Hosting;

/// <summary>The command line.</summary>
internal static class CommandLine
{
    /// <summary>Exit code for something a person has to put right.</summary>
    public const int Problem = 2;

    /// <summary>How long an orderly end may take after Ctrl+C or SIGTERM.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(40);

    private static readonly Option<int> Port = new("--port")
    {
        Description = "Port of the HTTP API on 127.0.0.1; 0 takes a free one.",
        DefaultValueFactory = _ => RunOptions.DefaultPort,
    };

    private static readonly Option<string?> Once = new("--once")
    {
        Description = "Drop every file in the sub-folders of a folder (default: samples), show the answers, and end. Exit code 0 only if all succeed.",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "folder",
    };

    private static readonly Option<TimeSpan> Timeout = new("--timeout")
    {
        Description = "How long --once may take, as hh:mm:ss.",
        DefaultValueFactory = _ => TimeSpan.FromMinutes(3),
    };

    private static readonly Option<string?> Folder = new("--work-folder")
    {
        Description = "Folder with inbox, results, reports and local data. Default: the repository, or the current folder.",
        HelpName = "folder",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting, such as FlashDrop:Upstream:ApiKey=…; may be repeated. Wins over the environment.",
        HelpName = "name=value",
    };

    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Log in detail, to standard error.",
    };

    /// <summary>Reads the command line and runs what it asks for.</summary>
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("FlashDrop on one machine: the functions, with local storage and a simulated upstream unless others are configured.")
        {
            Port, Once, Timeout, Folder, Set, Verbose,
        };
        Port.Validators.Add(result => Check(result.GetValueOrDefault<int>() is >= 0 and <= 65_535, result, "--port takes 0 to 65535."));
        Timeout.Validators.Add(result => Check(result.GetValueOrDefault<TimeSpan>() > TimeSpan.Zero, result, "--timeout takes a time above zero."));
        Set.Validators.Add(result => Check(
            result.Tokens.All(token => token.Value.IndexOf('=', StringComparison.Ordinal) > 0), result, "--set takes name=value."));
        root.SetAction((parsed, cancellationToken) => RunAsync(Read(parsed), cancellationToken));
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = EndTimeout });
    }

    /// <summary>What a command line asks for.</summary>
    internal static RunOptions Read(ParseResult parsed)
    {
        var current = Directory.GetCurrentDirectory();
        var folder = parsed.GetValue(Folder) is { } given ? Path.GetFullPath(given) : WorkFolder.Find(current);
        return new RunOptions
        {
            WorkFolder = folder,
            Port = parsed.GetValue(Port),
            OnceFolder = parsed.GetResult(Once) is null ? null
                : parsed.GetValue(Once) is { Length: > 0 } once ? Path.GetFullPath(once)
                : Path.Combine(WorkFolder.Find(current), "samples"),
            Timeout = parsed.GetValue(Timeout),
            Verbose = parsed.GetValue(Verbose),
            Settings = (parsed.GetValue(Set) ?? [])
                .Select(setting => setting.Split('=', 2))
                .GroupBy(parts => parts[0], parts => (string?)parts[1], StringComparer.OrdinalIgnoreCase)
                .ToDictionary(group => group.Key, group => group.Last(), StringComparer.OrdinalIgnoreCase),
        };
    }

    private static async Task<int> RunAsync(RunOptions options, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected)
        {
            // A redirected console has no width; 80 columns would break the tables.
            AnsiConsole.Profile.Width = 200;
        }

        try
        {
            return await new LocalHostApp(options, AnsiConsole.Console, TimeProvider.System).RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Problem;
        }
        catch (LocalHostException exception)
        {
            return await FailAsync(exception.Message, exception, options.Verbose);
        }
        catch (OptionsValidationException exception)
        {
            return await FailAsync($"The settings are not right. {string.Join(" ", exception.Failures)}", exception, options.Verbose);
        }
    }

    private static async Task<int> FailAsync(string message, Exception exception, bool verbose)
    {
        await Console.Error.WriteLineAsync(TerminalText.OneLine(message, 2000));
        if (verbose)
        {
            await Console.Error.WriteLineAsync(exception.ToString());
        }

        return Problem;
    }

    private static void Check(bool holds, System.CommandLine.Parsing.OptionResult result, string message)
    {
        if (!holds)
        {
            result.AddError(message);
        }
    }
}
