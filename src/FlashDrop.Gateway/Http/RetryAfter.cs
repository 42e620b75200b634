using System.Globalization;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Http;

/// <summary>How long a client should leave a job alone.</summary>
internal static class RetryAfter
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Until something is next expected to happen to the job, within bounds.</summary>
    public static TimeSpan Of(Job job, DateTimeOffset now, TimeSpan shortest)
    {
        var due = job.DueAt - now;
        return due < shortest ? shortest : due > Longest ? Longest : due;
    }

    /// <summary>The header's value: whole seconds, rounded up.</summary>
    public static string Seconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
