using FlashDrop.Core.Pipeline;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Retention;

/// <summary>Checks the ages against what the pipeline still looks at.</summary>
/// <param name="pipeline">How far back the sweep looks, how long a job may take.</param>
internal sealed class RetentionOptionsValidator(IOptions<PipelineOptions> pipeline) : IValidateOptions<RetentionOptions>
{
    public ValidateOptionsResult Validate(string? name, RetentionOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Budget <= TimeSpan.Zero)
        {
            result.AddError($"{RetentionOptions.Section}:{nameof(options.Budget)} is {options.Budget}; it must be longer than zero.");
        }

        if (options.JobRowsDays > 0 && TimeSpan.FromDays(options.JobRowsDays) <= pipeline.Value.SweepLookback)
        {
            result.AddError(
                $"{RetentionOptions.Section}:{nameof(options.JobRowsDays)} is {options.JobRowsDays}; it must be more than"
                + $" {PipelineOptions.Section}:{nameof(PipelineOptions.SweepLookback)} ({pipeline.Value.SweepLookback}), or drops would be processed twice.");
        }

        foreach (var (setting, days) in new (string, int)[]
        {
            (nameof(options.InboxDays), options.InboxDays),
            (nameof(options.RequestsDays), options.RequestsDays),
        })
        {
            if (days > 0 && TimeSpan.FromDays(days) < pipeline.Value.Deadline)
            {
                result.AddError(
                    $"{RetentionOptions.Section}:{setting} is {days}; it must be at least {PipelineOptions.Section}:{nameof(PipelineOptions.Deadline)}"
                    + $" ({pipeline.Value.Deadline}): until then a job may need its inputs.");
            }
        }

        return result.Build();
    }
}
