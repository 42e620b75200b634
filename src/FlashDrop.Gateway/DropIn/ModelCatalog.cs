using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Jobs;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>The model names callers may use, and the tiers each request may take.</summary>
internal sealed class ModelCatalog
{
    /// <summary>Policy word for "as the caller's settings say".</summary>
    public const string CallersChoice = "caller";

    /// <summary>Header that chooses the tier policy of one request.</summary>
    public const string TierHeader = "x-flashdrop-tier";

    private readonly Dictionary<string, TierPolicy?> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<Tier, string> _ids;
    private readonly Dictionary<(Tier Tier, bool Streams), string> _paths = [];

    public ModelCatalog(IOptions<RelayOptions> options, IOptions<UpstreamOptions> upstream)
    {
        _ids = upstream.Value.Models;
        foreach (var (tier, id) in _ids)
        {
            _paths[(tier, false)] = RelayRequest.NativePath(id, "generateContent");
            _paths[(tier, true)] = RelayRequest.NativePath(id, "streamGenerateContent?alt=sse");
        }

        _models["gemini-2.5-flash"] = null;
        _models["gemini-2.5-flash-beta"] = TierPolicy.Beta;
        _models[_ids[Tier.Beta]] = TierPolicy.Beta;
        _models[_ids[Tier.Standard]] = null;
        foreach (var (name, policy) in options.Value.Models)
        {
            _models[name] = TierPolicies.TryParse(policy, out var known) ? known : null;
        }
    }

    /// <summary>All names, in order.</summary>
    public IEnumerable<string> Names => _models.Keys.Order(StringComparer.Ordinal);

    public bool Knows(string model) => _models.ContainsKey(model);

    /// <summary>The upstream's id of a tier.</summary>
    public string IdOf(Tier tier) => _ids[tier];

    /// <summary>Where a native generation for a tier is sent.</summary>
    public string PathOf(Tier tier, bool streams) => _paths[(tier, streams)];

    /// <summary>The header decides, then the model's own policy, then the caller's; null when the header says nothing known.</summary>
    public TierPolicy? PolicyOf(string model, string? header, Caller caller) =>
        string.IsNullOrEmpty(header)
            ? _models.GetValueOrDefault(model) ?? caller.TierPolicy
            : TierPolicies.TryParse(header, out var asked) ? asked : null;

    /// <summary>The tiers of a policy, first choice first.</summary>
    public static IReadOnlyList<Tier> TiersOf(TierPolicy policy) => policy switch
    {
        TierPolicy.Beta => [Tier.Beta],
        TierPolicy.BetaThenStandard => [Tier.Beta, Tier.Standard],
        _ => [Tier.Standard],
    };
}
