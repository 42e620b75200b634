using System.Globalization;
using FlashDrop.Core.Jobs;

namespace FlashDrop.LocalHost.Display;

/// <summary>A job in a few words.</summary>
/// <param name="Name">The drop's path, or where it came from.</param>
/// <param name="State">Its state, with the attempt when it is not the first.</param>
/// <param name="Tokens">Tokens in and out, when known.</param>
/// <param name="Cost">Cost in USD, when known.</param>
/// <param name="Seconds">Time since acceptance.</param>
/// <param name="Note">What went wrong and what to do, when something did.</param>
internal sealed record JobLine(string Name, string State, string Tokens, string Cost, string Seconds, string Note)
{
    private const int NameWidth = 60;
    private const int NoteWidth = 200;

    /// <summary>Describes a job.</summary>
    public static JobLine Of(Job job) => new(
        TerminalText.OneLine(job.Drop?.Path ?? $"{job.Origin.ToString().ToLowerInvariant()} {job.Id}", NameWidth),
        job.Attempt > 1 ? $"{job.State} (attempt {job.Attempt})" : job.State.ToString(),
        job.Usage is { } usage ? string.Create(CultureInfo.InvariantCulture, $"{usage.PromptTokens:N0} in, {usage.OutputTokens:N0} out") : string.Empty,
        Money(job.CostUsd),
        string.Create(CultureInfo.InvariantCulture, $"{((job.CompletedAt ?? job.UpdatedAt) - job.AcceptedAt).TotalSeconds:0.0} s"),
        job is { Error: { } error, State: not JobState.Succeeded }
            ? TerminalText.OneLine($"{error.Code}: {error.Message} {error.Remedy}", NoteWidth)
            : string.Empty);

    /// <summary>An amount in USD; empty when unknown.</summary>
    public static string Money(decimal? usd) =>
        usd is { } amount ? string.Create(CultureInfo.InvariantCulture, $"${amount:0.000000}") : string.Empty;

    /// <summary>The line as plain text.</summary>
    public override string ToString() =>
        string.Join("  ", ((string[])[State.PadRight(10), Name, Tokens, Cost, Seconds, Note]).Where(part => part.Length > 0));
}
