using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Http;

/// <summary>The <c>Prefer</c> header, RFC 7240.</summary>
internal static class Preferences
{
    /// <summary>Seconds the client is willing to wait, at most <paramref name="max"/>; null when it did not say so in a usable way.</summary>
    public static TimeSpan? Wait(HttpRequest request, TimeSpan max)
    {
        foreach (var header in request.Headers["Prefer"])
        {
            foreach (var preference in (header ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                var end = preference.IndexOf(';', StringComparison.Ordinal);
                var parts = (end < 0 ? preference : preference[..end]).Split('=', 2, StringSplitOptions.TrimEntries);
                if (parts.Length == 2 && parts[0].Equals("wait", StringComparison.OrdinalIgnoreCase))
                {
                    // The first occurrence counts, even when it is unusable.
                    return int.TryParse(parts[1].Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
                        ? TimeSpan.FromSeconds(Math.Min(seconds, max.TotalSeconds))
                        : null;
                }
            }
        }

        return null;
    }
}
