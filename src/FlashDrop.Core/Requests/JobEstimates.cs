using System.Text;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Profiles;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Core.Requests;

/// <summary>Estimates what a job takes before anything is paid, and refuses what the model cannot take in.</summary>
internal sealed class JobEstimates(IPriceBook prices, TimeProvider time)
{
    /// <summary>The estimate for a profile's prompt over some inputs; null when an input's share cannot be told.</summary>
    /// <param name="profile">The profile, overrides applied.</param>
    /// <param name="prompt">The prompt that is sent.</param>
    /// <param name="tier">The job's tiers.</param>
    /// <param name="overrides">The request's own settings.</param>
    /// <param name="inputs">The inputs.</param>
    /// <exception cref="InputException">The input is too long, even by what is known of it.</exception>
    public JobEstimate? Estimate(
        Profile profile, string prompt, TierPolicy tier, GenerationConfig? overrides, IReadOnlyList<(MediaType Type, long Length, MediaFacts Facts)> inputs)
    {
        var settings = ProfileReader.SettingsOf(profile, overrides);
        var config = settings.GenerationConfig;
        var text = Bytes(profile.Instruction) + Bytes(prompt) + Bytes(settings.Tools?.GetRawText()) + Bytes(config?.ResponseSchema?.GetRawText());
        return Estimate(text, tier, config, inputs);
    }

    /// <summary>The estimate for so many bytes of text and some inputs; null when an input's share cannot be told.</summary>
    /// <param name="text">Bytes of all text.</param>
    /// <param name="tier">The job's tiers.</param>
    /// <param name="config">The request's settings.</param>
    /// <param name="inputs">The inputs.</param>
    /// <exception cref="InputException">The input is too long, even by what is known of it.</exception>
    public JobEstimate? Estimate(
        long text, TierPolicy tier, GenerationConfig? config, IReadOnlyList<(MediaType Type, long Length, MediaFacts Facts)> inputs)
    {
        long known = TokenArithmetic.OfText(text), audio = 0;
        var complete = true;
        foreach (var (type, length, facts) in inputs)
        {
            var tokens = TokenArithmetic.Of(type, length, facts, config?.MediaResolution);
            complete &= tokens is not null;
            known += tokens ?? 0;
            audio += type.Kind == MediaKind.Audio ? tokens ?? 0 : 0;
        }

        if (known > TokenArithmetic.InputLimit)
        {
            throw new InputException(JobErrors.TooManyTokens(known, TokenArithmetic.InputLimit));
        }

        if (!complete)
        {
            return null;
        }

        var usage = new TokenUsage { PromptTokens = known, PromptDetails = [new ModalityTokens("AUDIO", audio), new ModalityTokens("TEXT", known - audio)] };
        return new JobEstimate
        {
            InputTokens = known,
            InputUsd = Price(usage),
            MaxUsd = Price(usage with { CandidatesTokens = config?.MaxOutputTokens ?? GenerationConfig.OutputTokenLimit }),
        };

        decimal? Price(TokenUsage counts) =>
            prices.Price(tier == TierPolicy.Standard ? Tier.Standard : Tier.Beta, modelVersion: null, counts, time.GetUtcNow()).CostUsd;
    }

    private static long Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
