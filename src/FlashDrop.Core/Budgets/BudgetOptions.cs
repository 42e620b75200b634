using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Budgets;

/// <summary>
/// What callers may spend a day whose own limits name no budget: drops above all. Section <c>FlashDrop:Budgets</c>: one setting per caller,
/// for example <c>FlashDrop:Budgets:drop:meeting-notes</c> or <c>FlashDrop:Budgets:mobile-app</c>, in USD.
/// </summary>
public sealed class BudgetOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Budgets";

    /// <summary>USD a day by caller, more than 0. Names are case-insensitive, as configuration keys are. Default: none.</summary>
    public Dictionary<string, decimal> DailyUsd { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>Reads budgets. A caller's name may hold the separator of configuration keys, so every leaf below the section is one.</summary>
internal sealed class BudgetOptionsSetup(IConfiguration configuration) : IConfigureOptions<BudgetOptions>, IValidateOptions<BudgetOptions>
{
    public void Configure(BudgetOptions options)
    {
        foreach (var (caller, text) in Settings())
        {
            if (TryRead(text, out var usd))
            {
                options.DailyUsd[caller] = usd;
            }
        }
    }

    public ValidateOptionsResult Validate(string? name, BudgetOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        foreach (var (caller, text) in Settings())
        {
            if (!TryRead(text, out var usd) || usd <= 0)
            {
                result.AddError($"{BudgetOptions.Section}:{caller} is '{text}'; it must be a number of USD a day, more than zero.");
            }
        }

        return result.Build();
    }

    private IEnumerable<KeyValuePair<string, string>> Settings() =>
        from setting in configuration.GetSection(BudgetOptions.Section).AsEnumerable(makePathsRelative: true)
        where !string.IsNullOrEmpty(setting.Value) && setting.Key.Length > 0
        select KeyValuePair.Create(setting.Key, setting.Value);

    private static bool TryRead(string text, out decimal usd) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out usd);
}
