using System.Text.Json.Serialization;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Callers;

/// <summary>A caller as administrators see it: no key and no hash of one. <see cref="Key"/> is there once, in the answer that made it.</summary>
internal sealed record CallerView
{
    /// <summary>Where callers of the table come from.</summary>
    public const string Table = "table";

    /// <summary>Where callers of the configuration come from; the API cannot change them.</summary>
    public const string Configuration = "configuration";

    public required string Name { get; init; }

    public required string Source { get; init; }

    public required bool Admin { get; init; }

    public required bool Disabled { get; init; }

    public required TierPolicy TierPolicy { get; init; }

    public required LimitsView Limits { get; init; }

    public required IReadOnlyList<KeyView> Keys { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public string? Key { get; init; }

    public required CallerLinks Links { get; init; }

    public static CallerView Of(CallerRecord caller, string source, PathString pathBase, DateTimeOffset now, string? key = null) => new()
    {
        Name = caller.Name,
        Source = source,
        Admin = caller.IsAdmin,
        Disabled = caller.IsDisabled,
        TierPolicy = caller.TierPolicy,
        Limits = LimitsView.Of(caller.Limits),
        Keys = [.. caller.Keys.Where(k => k.IsValidAt(now)).Select(k => KeyView.Of(k, source))],
        CreatedAt = source == Table ? caller.CreatedAt : null,
        UpdatedAt = source == Table ? caller.UpdatedAt : null,
        Key = key,
        Links = new CallerLinks(Path(pathBase, caller.Name)),
    };

    /// <summary>Where a caller is read.</summary>
    public static string Path(PathString pathBase, string name) => $"{pathBase}/{Routes.Callers}/{name}";
}

/// <summary>A key, told by an id and its first characters.</summary>
internal sealed record KeyView(string Id, string? Hint, DateTimeOffset? CreatedAt, DateTimeOffset? ExpiresAt)
{
    public static KeyView Of(CallerKey key, string source) => source == CallerView.Table
        ? new KeyView(key.Id, key.Hint, key.CreatedAt, key.ExpiresAt)
        : new KeyView(key.Id, Hint: null, CreatedAt: null, ExpiresAt: null);
}

/// <summary>Limits; one that does not apply is absent.</summary>
internal sealed record LimitsView(int? RequestsPerMinute, long? TokensPerMinute, int? Concurrent, decimal? DailyBudgetUsd)
{
    public static LimitsView Of(CallerLimits? limits) =>
        new(limits?.RequestsPerMinute, limits?.TokensPerMinute, limits?.Concurrent, limits?.DailyBudgetUsd);
}

/// <summary>Where to go from here.</summary>
internal sealed record CallerLinks(string Self);

/// <summary>All callers, by name.</summary>
internal sealed record CallerListView(IReadOnlyList<CallerView> Callers);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallerView))]
[JsonSerializable(typeof(CallerListView))]
internal sealed partial class CallersJsonContext : JsonSerializerContext;
