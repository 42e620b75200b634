using System.Globalization;
using System.Text.Json;
using FlashDrop.Simulator.Endpoints;

namespace FlashDrop.Simulator;

/// <summary>Reads the arguments of the program.</summary>
internal static class CommandLine
{
    public const string Usage = "Usage: FlashDrop.Simulator [--port 0-65535] [--seed number] [--faults file.json]";

    /// <exception cref="UsageException">An argument is wrong; the message quotes it and names the remedy.</exception>
    public static async Task<SimulatorOptions> ParseAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var options = new SimulatorOptions { Port = 4010, ChunkDelay = TimeSpan.FromMilliseconds(25) };
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new UsageException($"{arguments[i]} has no value. {Usage}");
            options = arguments[i] switch
            {
                "--port" => options with { Port = ushort.TryParse(value, CultureInfo.InvariantCulture, out var port) ? port : throw Wrong(arguments[i], value) },
                "--seed" => options with { Seed = long.TryParse(value, CultureInfo.InvariantCulture, out var seed) ? seed : throw Wrong(arguments[i], value) },
                "--faults" => options with { Faults = await ReadFaultsAsync(value, cancellationToken) },
                _ => throw new UsageException($"{arguments[i]} is not an option. {Usage}"),
            };
        }

        return options;
    }

    private static async Task<Faults.FaultRule[]> ReadFaultsAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync(file, ControlJson.Default.FaultRuleArray, cancellationToken) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UsageException($"The fault file {path} cannot be read: {e.Message}", e);
        }
    }

    private static UsageException Wrong(string option, string value) => new($"{option} cannot be {value}. {Usage}");
}

/// <summary>The program was started with arguments that make no sense.</summary>
internal sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException);
