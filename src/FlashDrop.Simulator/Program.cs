using System.Runtime.InteropServices;

namespace FlashDrop.Simulator;

/// <summary>The simulator as a program of its own.</summary>
internal static class Program
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    private static async Task<int> Main(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await using var host = await SimulatorHost.StartAsync(await CommandLine.ParseAsync(arguments, stop.Token), stop.Token);
            Console.WriteLine($"Simulator listening on {host.BaseUrl}; any key that starts with sk- is let in; Ctrl+C stops it.");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop: that is the usual end.
        }
        catch (Exception e) when (e is UsageException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return WrongUsage;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Choose another port with --port.");
            return Failed;
        }

        return 0;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
