using System.Text.Json.Serialization;
using FlashDrop.Core.Profiles;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Callers;

/// <summary>Tells a client whose key it has and what it can do with it. Safe for concurrent use.</summary>
public sealed class MeApi
{
    private readonly IProfileNames _profiles;
    private readonly RequestPipeline _pipeline;
    private readonly GatewayOptions _options;

    internal MeApi(IProfileNames profiles, RequestPipeline pipeline, IOptions<GatewayOptions> options)
    {
        _profiles = profiles;
        _pipeline = pipeline;
        _options = options.Value;
    }

    /// <summary><c>GET</c> <see cref="Routes.Me"/>: the caller, the profiles there are and the largest body.</summary>
    public Task<IResult> GetAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
        new JsonResponse<MeView>(
            new MeView(caller.Name, caller.IsAdmin, await _profiles.KnownNamesAsync(cancellationToken), _options.MaxRequestBytes),
            MeJsonContext.Default.MeView));
}

/// <summary>The key's caller.</summary>
internal sealed record MeView(string Caller, bool Admin, IReadOnlyList<string> Profiles, long MaxRequestBytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MeView))]
internal sealed partial class MeJsonContext : JsonSerializerContext;
