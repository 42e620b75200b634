using FlashDrop.Core.Media;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>Checks the pipeline's settings against each other; reports everything that is wrong at once.</summary>
internal sealed class PipelineOptionsValidator : IValidateOptions<PipelineOptions>
{
    /// <summary>The queue service hides no message for longer.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(7);

    public ValidateOptionsResult Validate(string? name, PipelineOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        foreach (var (setting, value) in new (string, TimeSpan)[]
        {
            (nameof(options.RetryDelay), options.RetryDelay),
            (nameof(options.MaxRetryDelay), options.MaxRetryDelay),
            (nameof(options.HoldDelay), options.HoldDelay),
            (nameof(options.Deadline), options.Deadline),
            (nameof(options.TaskTimeout), options.TaskTimeout),
            (nameof(options.AbandonedTaskWindow), options.AbandonedTaskWindow),
            (nameof(options.AbandonedPollDelay), options.AbandonedPollDelay),
            (nameof(options.FirstPollDelay), options.FirstPollDelay),
            (nameof(options.MinPollDelay), options.MinPollDelay),
            (nameof(options.MaxPollDelay), options.MaxPollDelay),
            (nameof(options.Heartbeat), options.Heartbeat),
            (nameof(options.PollLease), options.PollLease),
            (nameof(options.PollCycle), options.PollCycle),
            (nameof(options.ForgottenAfter), options.ForgottenAfter),
            (nameof(options.ForgottenInBacklogAfter), options.ForgottenInBacklogAfter),
            (nameof(options.SweepLookback), options.SweepLookback),
            (nameof(options.SweepBudget), options.SweepBudget),
            (nameof(options.SignedUrlLifetime), options.SignedUrlLifetime),
        })
        {
            if (value <= TimeSpan.Zero)
            {
                result.AddError($"{PipelineOptions.Section}:{setting} is {value}; it must be longer than zero.");
            }
        }

        foreach (var (setting, value) in new (string, TimeSpan)[]
        {
            (nameof(options.MaxRetryDelay), options.MaxRetryDelay),
            (nameof(options.HoldDelay), options.HoldDelay),
            (nameof(options.AbandonedPollDelay), options.AbandonedPollDelay),
            (nameof(options.TaskTimeout), options.TaskTimeout),
            (nameof(options.MaxPollDelay), options.MaxPollDelay),
        })
        {
            if (value > LongestDelay)
            {
                result.AddError($"{PipelineOptions.Section}:{setting} is {value}; queue messages can wait 7 days at most.");
            }
        }

        if (options.SignedUrlLifetime > LongestDelay)
        {
            result.AddError($"{PipelineOptions.Section}:SignedUrlLifetime is {options.SignedUrlLifetime}; a signed URL can live 7 days at most.");
        }

        if (options.PollStay < TimeSpan.Zero || options.PollStay >= options.PollLease)
        {
            result.AddError($"{PipelineOptions.Section}:PollStay is {options.PollStay}; it must be zero or more, and shorter than PollLease ({options.PollLease}).");
        }

        if (options.MinPollDelay > options.MaxPollDelay)
        {
            result.AddError($"{PipelineOptions.Section}:MinPollDelay ({options.MinPollDelay}) is longer than MaxPollDelay ({options.MaxPollDelay}).");
        }

        if (options.RetryDelay > options.MaxRetryDelay)
        {
            result.AddError($"{PipelineOptions.Section}:RetryDelay ({options.RetryDelay}) is longer than MaxRetryDelay ({options.MaxRetryDelay}).");
        }

        return result.Build();
    }
}

/// <summary>Checks the media limits.</summary>
internal sealed class MediaOptionsValidator : IValidateOptions<MediaOptions>
{
    public ValidateOptionsResult Validate(string? name, MediaOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        foreach (var (setting, value) in new (string, long)[]
        {
            (nameof(options.MaxImageBytes), options.MaxImageBytes),
            (nameof(options.MaxAudioBytes), options.MaxAudioBytes),
            (nameof(options.MaxVideoBytes), options.MaxVideoBytes),
            (nameof(options.MaxDocumentBytes), options.MaxDocumentBytes),
            (nameof(options.MaxTextBytes), options.MaxTextBytes),
            (nameof(options.MaxBundleFiles), options.MaxBundleFiles),
            (nameof(options.MaxBundleBytes), options.MaxBundleBytes),
        })
        {
            if (value <= 0)
            {
                result.AddError($"{MediaOptions.Section}:{setting} is {value}; it must be more than zero.");
            }
        }

        if (!(options.MaxAudioSeconds >= 0 && options.MaxVideoSeconds >= 0 && options.MaxPages >= 0))
        {
            result.AddError($"{MediaOptions.Section}: MaxAudioSeconds, MaxVideoSeconds and MaxPages must not be negative; 0 is no limit.");
        }

        if (!options.Types.ContainsValue(true))
        {
            result.AddError($"{MediaOptions.Section}:Types allows no media type at all.");
        }

        return result.Build();
    }
}
