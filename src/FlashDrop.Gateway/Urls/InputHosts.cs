using System.Net;
using System.Net.Sockets;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Gateway.Http;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Urls;

/// <summary>
/// Looks up the hosts a request's URLs name, when it is accepted, and refuses one that has an address which is not public. A name that cannot be
/// looked up, or not in time, passes: the upstream fetches, not this service, and says what it thinks of it. Safe for concurrent use.
/// </summary>
internal sealed class InputHosts(IHostNames names, IOptions<GatewayOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>Most lookups at once; those that are given up count until the system gives them up, too.</summary>
    private const int MaxLookups = 64;

    /// <summary>How long the lookups of one request may take together.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _slots = new(MaxLookups);

    /// <summary>What is wrong with a request's URLs; null when nothing is known to be. Without names among their hosts nobody is asked.</summary>
    public async ValueTask<FieldError?> CheckAsync(InputUrls urls, CancellationToken cancellationToken)
    {
        if (urls.Error is not null || urls.Hosts.Count == 0 || !options.Value.ResolveInputHosts)
        {
            return urls.Error;
        }

        using var patience = new CancellationTokenSource(Longest, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var inward = await Task.WhenAll(urls.Hosts.Keys.Select(host => PointsInwardAsync(host, ending.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var ((host, field), isInward) in urls.Hosts.Zip(inward))
        {
            if (isInward)
            {
                return new FieldError(
                    field, InputUrls.Forbidden, $"The host '{host}' has an address that is not a public one.",
                    "Send a URL whose host is reachable from the public internet only, or send the file itself: inline, or by POST /api/uploads.");
            }
        }

        return null;
    }

    public void Dispose() => _slots.Dispose();

    private async Task<bool> PointsInwardAsync(string host, CancellationToken ending)
    {
        try
        {
            await _slots.WaitAsync(ending);
            var addresses = await ResolveAsync(host, ending).WaitAsync(ending);
            return !Array.TrueForAll(addresses, PublicAddress.IsPublic);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Unknown, or not in time.
            return false;
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken ending)
    {
        try
        {
            return await names.ResolveAsync(host, ending);
        }
        finally
        {
            _slots.Release();
        }
    }
}
