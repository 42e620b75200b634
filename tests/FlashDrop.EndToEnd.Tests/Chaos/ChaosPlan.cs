using System.Globalization;

namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>How much happens in a run. The environment makes the short form of the test command a long one: see <c>eng/chaos.sh</c>.</summary>
/// <param name="Jobs">Drops and requests together.</param>
/// <param name="Kills">How often the host is killed and started again.</param>
/// <param name="StorageRestarts">How often Azurite is restarted under a running host; at most once in each of the host's lives.</param>
/// <param name="Seed">Decides what is asked and when the host dies; what the processes make of it differs from run to run.</param>
internal sealed record ChaosPlan(int Jobs, int Kills, int StorageRestarts, int Seed)
{
    /// <summary>Longest time from the last kill until everything is at rest.</summary>
    public TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Shortest and longest time the host lives before it is killed, counted from the moment it serves.</summary>
    public (TimeSpan Shortest, TimeSpan Longest) Life { get; } = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(7));

    /// <summary>The short form, unless the environment asks for another.</summary>
    public static ChaosPlan FromEnvironment() => new(
        Number("FLASHDROP_CHAOS_JOBS", 40), Number("FLASHDROP_CHAOS_KILLS", 3), Number("FLASHDROP_CHAOS_STORAGE_RESTARTS", 1), Number("FLASHDROP_CHAOS_SEED", 1));

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
