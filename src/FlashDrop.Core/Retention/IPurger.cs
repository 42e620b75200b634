namespace FlashDrop.Core.Retention;

/// <summary>Deletes what is older than <see cref="RetentionOptions"/> allow. Two runs at once do no harm.</summary>
public interface IPurger
{
    /// <summary>Runs until nothing is left to delete or the time budget is spent; the next run goes on.</summary>
    Task<PurgeReport> RunAsync(CancellationToken cancellationToken);
}

/// <summary>What one run did.</summary>
/// <param name="Blobs">Blobs deleted.</param>
/// <param name="JobRows">Job rows deleted.</param>
/// <param name="UsageRows">Usage rows deleted.</param>
/// <param name="Complete">Whether nothing was left for the next run.</param>
public readonly record struct PurgeReport(int Blobs, int JobRows, int UsageRows, bool Complete);
