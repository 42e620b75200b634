using FlashDrop.Core.Callers;
using FlashDrop.Gateway.Jobs;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Callers;

/// <summary>Callers known from configuration, section <see cref="Section"/>: <c>{name}</c> to its settings. Read once, at start.</summary>
public sealed class CallersOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "FlashDrop:Callers";

    /// <summary>Settings by caller name (1 to 64 characters of <c>[a-z0-9-]</c>). Default none, and then every request is refused.</summary>
    public IDictionary<string, CallerSettings> Callers { get; } = new Dictionary<string, CallerSettings>(StringComparer.Ordinal);
}

/// <summary>Settings of one caller.</summary>
public sealed class CallerSettings
{
    /// <summary>Hashes of its valid keys (<see cref="ApiKeys.Hash"/>), 1 to 8; several while a key is rotated.</summary>
    public IList<string> KeyHashes { get; init; } = [];

    /// <summary>Whether it may see and change everybody's jobs. Default false.</summary>
    public bool Admin { get; set; }

    /// <summary><c>standard</c> (default), <c>beta</c> or <c>beta-then-standard</c>, for requests that ask for no tier and name no profile.</summary>
    public string? TierPolicy { get; set; }

    /// <summary>What it may use. Default no limits.</summary>
    public CallerLimits? Limits { get; set; }
}

/// <summary>Reports every mistake in the callers' settings; never quotes a hash.</summary>
internal sealed class CallersOptionsValidator : IValidateOptions<CallersOptions>
{
    public ValidateOptionsResult Validate(string? name, CallersOptions options)
    {
        List<string> failures = [];
        Dictionary<string, string> owners = new(StringComparer.OrdinalIgnoreCase);
        foreach (var (caller, settings) in options.Callers)
        {
            var path = $"{CallersOptions.Section}:{caller}";
            if (!CallerNames.IsValid(caller))
            {
                failures.Add($"{path}: name callers with 1 to 64 characters of a-z, 0-9 and '-'.");
            }

            if (settings.TierPolicy is { } tier && !TierPolicies.TryParse(tier, out _))
            {
                failures.Add($"{path}:TierPolicy is '{tier}': use {TierPolicies.Known}.");
            }

            if (settings.Limits is { } limits)
            {
                CheckLimit(nameof(limits.RequestsPerMinute), limits.RequestsPerMinute);
                CheckLimit(nameof(limits.TokensPerMinute), limits.TokensPerMinute);
                CheckLimit(nameof(limits.Concurrent), limits.Concurrent);
                CheckLimit(nameof(limits.DailyBudgetUsd), limits.DailyBudgetUsd);
            }

            if (settings.KeyHashes.Count is < 1 or > CallerRecord.MaxKeys)
            {
                failures.Add($"{path}:KeyHashes has {settings.KeyHashes.Count} entries: give 1 to {CallerRecord.MaxKeys} SHA-256 hashes of keys.");
            }

            for (var i = 0; i < settings.KeyHashes.Count; i++)
            {
                if (!ApiKeys.TryParseHash(settings.KeyHashes[i], out _))
                {
                    failures.Add($"{path}:KeyHashes:{i} is not a SHA-256 hash: give 64 hexadecimal digits, never the key itself.");
                }
                else if (!owners.TryAdd(settings.KeyHashes[i], caller))
                {
                    failures.Add($"{path}:KeyHashes:{i} is also a key of '{owners[settings.KeyHashes[i]]}': give every key to one caller, once.");
                }
            }

            void CheckLimit(string limit, decimal? value)
            {
                if (value <= 0)
                {
                    failures.Add($"{path}:Limits:{limit} is {value}: give a number above 0, or remove it for no limit.");
                }
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
