using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Names of the tier policies on the wire and in settings.</summary>
internal static class TierPolicies
{
    public const string Known = "'standard', 'beta' or 'beta-then-standard'";

    public static bool TryParse(string? text, out TierPolicy policy)
    {
        (policy, var known) = text switch
        {
            "standard" => (TierPolicy.Standard, true),
            "beta" => (TierPolicy.Beta, true),
            "beta-then-standard" => (TierPolicy.BetaThenStandard, true),
            _ => (TierPolicy.Standard, false),
        };
        return known;
    }
}
