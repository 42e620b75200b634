using System.Text;
using System.Text.Json;
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
        var text = Bytes(profile.Instruction) + Bytes(prompt) + Bytes(settings.Tools) + Bytes(config?.ResponseSchema);
        return Estimate(new Tally(text, inputs, IsComplete: true), config, tier);
    }

    /// <summary>The estimate for a whole request; null when something in it, such as media behind a URL, cannot be told.</summary>
    /// <param name="request">The request.</param>
    /// <param name="tier">The job's tiers.</param>
    /// <param name="known">What is known of its media.</param>
    /// <exception cref="InputException">The input is too long, even by what is known of it.</exception>
    public JobEstimate? Estimate(GenerateContentRequest request, TierPolicy tier, KnownMedia known)
    {
        var config = request.GenerationConfig;
        var text = Bytes(request.Tools) + Bytes(config?.ResponseSchema) + Bytes(config?.ResponseJsonSchema);
        var complete = request.CachedContent is null;
        List<(MediaType, long, MediaFacts)> media = [];
        foreach (var part in request.Contents.Append(request.SystemInstruction).OfType<Content>().SelectMany(content => content.Parts))
        {
            text += Bytes(part.Text) + Bytes(part.Raw);
            if (part.Media is null && part.FileData is null)
            {
                continue;
            }

            // A cut or a frame rate changes what a clip takes; nothing is claimed about it then.
            if (part.VideoMetadata is null && known.TryFind(part, out var file))
            {
                media.Add(file);
            }
            else
            {
                complete = false;
            }
        }

        return Estimate(new Tally(text, media, complete), config, tier);
    }

    private JobEstimate? Estimate(Tally tally, GenerationConfig? config, TierPolicy tier)
    {
        long known = TokenArithmetic.OfText(tally.TextBytes), audio = 0;
        var complete = tally.IsComplete;
        foreach (var (type, length, facts) in tally.Media)
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

    private static long Bytes(JsonElement? json) => json is { ValueKind: not JsonValueKind.Undefined } element ? Bytes(element.GetRawText()) : 0;

    /// <summary>What a request consists of, as far as it is known.</summary>
    private readonly record struct Tally(long TextBytes, IReadOnlyList<(MediaType Type, long Length, MediaFacts Facts)> Media, bool IsComplete);
}

/// <summary>What is known of the files in a request, by the part's own object.</summary>
internal sealed class KnownMedia
{
    private readonly Dictionary<object, (MediaType Type, long Length, MediaFacts Facts)> _files = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string? Name, MediaType Type, long Length, MediaFacts Facts)> _all = [];

    /// <summary>Every file, in order; without a name, which only drops have.</summary>
    public IReadOnlyList<(string? Name, MediaType Type, long Length, MediaFacts Facts)> All => _all;

    /// <summary>Notes what a part was made from. Text is in the part itself.</summary>
    public void Add(Part part, MediaType type, long length, MediaFacts facts)
    {
        _all.Add((Name: null, type, length, facts));
        if (((object?)part.Media ?? part.FileData) is { } key)
        {
            _files[key] = (type, length, facts);
        }
    }

    public bool TryFind(Part part, out (MediaType Type, long Length, MediaFacts Facts) file)
    {
        file = default;
        return ((object?)part.Media ?? part.FileData) is { } key && _files.TryGetValue(key, out file);
    }
}
