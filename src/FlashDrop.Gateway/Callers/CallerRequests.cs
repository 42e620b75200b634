using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Gateway.Jobs;

namespace FlashDrop.Gateway.Callers;

/// <summary>Reads what is asked of the callers' API; every mistake is reported, none is guessed at.</summary>
internal static class CallerRequests
{
    /// <summary>How long an old key stays valid by default when a new one is made.</summary>
    public static readonly TimeSpan DefaultOverlap = TimeSpan.FromHours(24);

    /// <summary>The longest an old key may stay valid.</summary>
    public static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(30);

    private const string Changes = "admin, tierPolicy and limits";
    private const string Limits = "requestsPerMinute, tokensPerMinute, concurrent and dailyBudgetUsd";

    /// <summary>A new caller; without keys and times.</summary>
    public static CallerRecord? ReadNew(JsonElement root, FieldErrors errors)
    {
        string? name = null;
        if (!root.TryGetProperty("name", out var value))
        {
            errors.Missing("name", "1 to 64 characters of a-z, 0-9 and '-'");
        }
        else if (FieldReader.Text(value, "name", errors) is { } text)
        {
            name = text;
            if (!CallerNames.IsValid(text))
            {
                errors.Invalid("name", "This is not a caller's name.", "Send 1 to 64 characters of a-z, 0-9 and '-'.");
            }
        }

        var blank = new CallerRecord { Name = name ?? "", Keys = [], CreatedAt = default, UpdatedAt = default };
        var caller = ReadChange(root, blank, errors, known: $"name, {Changes}");
        return errors.Any ? null : caller;
    }

    /// <summary>The caller with what the body says; members that are absent stay as they are.</summary>
    public static CallerRecord ReadChange(JsonElement root, CallerRecord caller, FieldErrors errors, string known = Changes)
    {
        foreach (var member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "name" when known != Changes:
                    break;
                case "admin" when member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    caller = caller with { IsAdmin = member.Value.GetBoolean() };
                    break;
                case "admin":
                    errors.WrongType("admin", "a boolean", member.Value.ValueKind);
                    break;
                case "tierPolicy":
                    caller = caller with { TierPolicy = ReadTier(member.Value, errors) };
                    break;
                case "limits":
                    caller = caller with { Limits = ReadLimits(member.Value, caller.Limits, errors) };
                    break;
                default:
                    errors.Unknown(FieldErrors.Path("", member.Name), known);
                    break;
            }
        }

        return caller;
    }

    /// <summary>How long the old keys stay valid.</summary>
    public static TimeSpan ReadOverlap(JsonElement root, FieldErrors errors)
    {
        var overlap = DefaultOverlap;
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name != "overlapSeconds")
            {
                errors.Unknown(FieldErrors.Path("", member.Name), "overlapSeconds");
            }
            else if (member.Value.ValueKind != JsonValueKind.Number)
            {
                errors.WrongType("overlapSeconds", "a number", member.Value.ValueKind);
            }
            else if (!member.Value.TryGetInt32(out var seconds) || seconds < 0 || seconds > MaxOverlap.TotalSeconds)
            {
                errors.Invalid("overlapSeconds", "This is not a usable time.", $"Send whole seconds from 0 (the old keys end at once) to {MaxOverlap.TotalSeconds:0}.");
            }
            else
            {
                overlap = TimeSpan.FromSeconds(seconds);
            }
        }

        return overlap;
    }

    private static TierPolicy ReadTier(JsonElement value, FieldErrors errors)
    {
        if (FieldReader.Text(value, "tierPolicy", errors) is { } text && !TierPolicies.TryParse(text, out _))
        {
            errors.Invalid("tierPolicy", "This is not a tier policy.", $"Send {TierPolicies.Known}.");
        }

        return TierPolicies.TryParse(value.ValueKind == JsonValueKind.String ? value.GetString() : null, out var policy) ? policy : TierPolicy.Standard;
    }

    private static CallerLimits? ReadLimits(JsonElement value, CallerLimits? before, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType("limits", "an object, or null for no limits", value.ValueKind);
            return before;
        }

        var limits = before ?? new CallerLimits();
        foreach (var member in value.EnumerateObject())
        {
            var field = FieldErrors.Path("limits", member.Name);
            limits = member.Name switch
            {
                "requestsPerMinute" => limits with { RequestsPerMinute = (int?)Whole(member.Value, field, int.MaxValue, errors) },
                "tokensPerMinute" => limits with { TokensPerMinute = Whole(member.Value, field, 1_000_000_000_000, errors) },
                "concurrent" => limits with { Concurrent = (int?)Whole(member.Value, field, int.MaxValue, errors) },
                "dailyBudgetUsd" => limits with { DailyBudgetUsd = Money(member.Value, field, errors) },
                _ => Unknown(limits, field),
            };
        }

        return limits == new CallerLimits() ? null : limits;

        CallerLimits Unknown(CallerLimits same, string field)
        {
            errors.Unknown(field, Limits);
            return same;
        }
    }

    private static long? Whole(JsonElement value, string field, long most, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            errors.WrongType(field, "a whole number, or null for no limit", value.ValueKind);
            return null;
        }

        if (value.TryGetInt64(out var number) && number >= 1 && number <= most)
        {
            return number;
        }

        errors.Invalid(field, "This is not a usable limit.", $"Send a whole number from 1 to {most}, or null for no limit.");
        return null;
    }

    private static decimal? Money(JsonElement value, string field, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            errors.WrongType(field, "a number of USD, or null for no budget", value.ValueKind);
            return null;
        }

        if (value.TryGetDecimal(out var usd) && usd is >= 0.000_001m and <= 1_000_000m)
        {
            return usd;
        }

        errors.Invalid(field, "This is not a usable budget.", "Send USD a day from 0.000001 to 1000000, or null for no budget.");
        return null;
    }
}
