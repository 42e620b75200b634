using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Profiles;

/// <summary>
/// Finds profiles: a blob in <c>profiles</c> wins over the built-in of the same name. What was read is kept for a minute; a
/// broken blob, which may just be half written, never replaces a good one in memory: that serves on for a while. With none in memory,
/// or after that while, a broken blob is an error for the jobs that name it.
/// </summary>
internal sealed partial class ProfileCatalog(IContentStore content, TimeProvider time, ILogger<ProfileCatalog> logger) : IProfileNames
{
    /// <summary>How long a profile, or its absence, is remembered.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>How long after it was last read whole a profile serves on while its blob is broken.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    /// <summary>Names remembered at most; more make room by forgetting all.</summary>
    private const int MaxRemembered = 1_000;

    private const int MaxNamesListed = 50;

    private const int MaxProfileBytes = 256 * 1024;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Finds a profile by name.</summary>
    public async ValueTask<ProfileLookup> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!NamePattern().IsMatch(name))
        {
            return new ProfileLookup.NotFound();
        }

        var now = time.GetUtcNow();
        if (_entries.TryGetValue(name, out var entry) && now < entry.Until)
        {
            return entry.Lookup;
        }

        var lookup = await ReadAsync(name, cancellationToken);
        if (lookup is ProfileLookup.Broken broken)
        {
            if (entry is { Lookup: ProfileLookup.Found } && now < entry.ReadAt + Grace)
            {
                Log.ProfileBroken(logger, name, broken.Error.Message);
                return entry.Lookup;
            }
        }
        else
        {
            if (_entries.Count >= MaxRemembered)
            {
                _entries.Clear();
            }

            _entries[name] = new Entry(lookup, now, now + Lifetime);
        }

        return lookup;
    }

    /// <summary>The profile a job names.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="usedBy">Path of the drop or route of the request, for the error.</param>
    /// <param name="cancellationToken">Cancels the look-up.</param>
    /// <exception cref="InputException">There is none, or it is broken.</exception>
    public async Task<Profile> GetAsync(string name, string usedBy, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken) switch
        {
            ProfileLookup.Found found => found.Profile,
            ProfileLookup.Broken broken => throw new InputException(broken.Error),
            _ => throw new InputException(JobErrors.UnknownProfile(name, usedBy, await KnownNamesAsync(cancellationToken))),
        };

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> KnownNamesAsync(CancellationToken cancellationToken)
    {
        SortedSet<string> names = [.. BuiltInProfiles.Names];
        await foreach (var blob in content.ListAsync(Containers.Profiles, prefix: null, cancellationToken))
        {
            if (names.Count == MaxNamesListed)
            {
                break;
            }

            if (blob.Address.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                names.Add(blob.Address.Name[..^".json".Length]);
            }
        }

        return [.. names];
    }

    private async Task<ProfileLookup> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var blob = await content.OpenAsync(new BlobAddress(Containers.Profiles, $"{name}.json"), ifMatch: null, cancellationToken);
        if (blob is null)
        {
            return BuiltInProfiles.Find(name) is { } builtIn ? new ProfileLookup.Found(builtIn) : new ProfileLookup.NotFound();
        }

        if (blob.Info.Length > MaxProfileBytes)
        {
            return new ProfileLookup.Broken(JobErrors.InvalidProfile(name, $"it has {blob.Info.Length:N0} bytes; the limit is {MaxProfileBytes:N0}."));
        }

        var bytes = new byte[blob.Info.Length];
        await blob.Stream.ReadExactlyAsync(bytes, cancellationToken);
        var (profile, problems) = ProfileReader.Read(name, bytes);
        return profile is not null
            ? new ProfileLookup.Found(profile)
            : new ProfileLookup.Broken(JobErrors.InvalidProfile(name, string.Join(" ", problems.Take(20))));
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    private sealed record Entry(ProfileLookup Lookup, DateTimeOffset ReadAt, DateTimeOffset Until);
}

/// <summary>What a look for a profile found: a closed set.</summary>
internal abstract record ProfileLookup
{
    private ProfileLookup()
    {
    }

    public sealed record Found(Profile Profile) : ProfileLookup;

    public sealed record NotFound : ProfileLookup;

    public sealed record Broken(JobError Error) : ProfileLookup;
}
