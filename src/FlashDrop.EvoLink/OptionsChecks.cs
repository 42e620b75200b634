using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Resilience;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink;

/// <summary>Collects everything wrong with an options object; each message names the setting, quotes its value and says what is allowed.</summary>
internal sealed class OptionsChecks
{
    private readonly List<string> _failures = [];

    /// <summary>Checks the data annotations of an object and of the objects and lists in it.</summary>
    public OptionsChecks Annotations(object options, string path)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(options);
            foreach (var rule in property.GetCustomAttributes<ValidationAttribute>())
            {
                if (!rule.IsValid(value))
                {
                    Fail($"{path}:{property.Name}", value, rule is RangeAttribute range ? $"has to be {range.Minimum} to {range.Maximum}" : "has to be set");
                }
            }

            if (value is IList list)
            {
                for (var index = 0; index < list.Count; index++)
                {
                    Annotations(list[index]!, $"{path}:{property.Name}:{index}");
                }
            }
            else if (value is not null && property.PropertyType.Namespace?.StartsWith("FlashDrop", StringComparison.Ordinal) == true && !property.PropertyType.IsEnum)
            {
                Annotations(value, $"{path}:{property.Name}");
            }
        }

        return this;
    }

    public OptionsChecks Require(bool holds, string setting, object? value, string rule)
    {
        if (!holds)
        {
            Fail(setting, value, rule);
        }

        return this;
    }

    public ValidateOptionsResult Result() => _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    private void Fail(string setting, object? value, string rule) => _failures.Add($"{setting} is '{value}' but {rule}.");
}

/// <summary>Checks <see cref="UpstreamOptions"/>.</summary>
internal sealed class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamOptions options)
    {
        const string Section = UpstreamOptions.Section;
        var checks = new OptionsChecks()
            .Annotations(options, Section)
            .Require(IsBaseUrl(options.GenerateBaseUrl), $"{Section}:{nameof(options.GenerateBaseUrl)}", options.GenerateBaseUrl, BaseUrlRule)
            .Require(IsBaseUrl(options.TasksBaseUrl), $"{Section}:{nameof(options.TasksBaseUrl)}", options.TasksBaseUrl, BaseUrlRule)
            .Require(
                options.MaxFrameBytes <= options.MaxResponseBytes,
                $"{Section}:{nameof(options.MaxFrameBytes)}",
                options.MaxFrameBytes,
                $"has to be at most MaxResponseBytes, {options.MaxResponseBytes}")
            .Require(
                options.UserAgent?.All(character => character is >= ' ' and <= '~') != false,
                $"{Section}:{nameof(options.UserAgent)}",
                options.UserAgent,
                "has to be printable ASCII");
        foreach (var tier in Enum.GetValues<Tier>())
        {
            var model = options.Models.GetValueOrDefault(tier);
            checks.Require(
                !string.IsNullOrWhiteSpace(model) && !model.Any(char.IsWhiteSpace) && !model.Split('/').Any(part => part is "" or "." or ".."),
                $"{Section}:{nameof(options.Models)}:{tier}",
                model,
                "has to be a model id");
        }

        return checks.Result();
    }

    private const string BaseUrlRule = "has to be an absolute https URL without query (http only for this machine)";

    private static bool IsBaseUrl(Uri? url) =>
        url is { IsAbsoluteUri: true, Query: "", Fragment: "", UserInfo: "" }
        && (IsScheme(url, Uri.UriSchemeHttps) || (IsScheme(url, Uri.UriSchemeHttp) && url.IsLoopback));

    private static bool IsScheme(Uri url, string scheme) => string.Equals(url.Scheme, scheme, StringComparison.Ordinal);
}

/// <summary>Checks <see cref="UpstreamResilienceOptions"/>.</summary>
internal sealed class UpstreamResilienceOptionsValidator : IValidateOptions<UpstreamResilienceOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamResilienceOptions options)
    {
        const string Section = UpstreamResilienceOptions.Section;
        var checks = new OptionsChecks()
            .Annotations(options, Section)
            .Require(
                options.StreamFinishGrace <= options.StreamIdleTimeout,
                $"{Section}:{nameof(options.StreamFinishGrace)}",
                options.StreamFinishGrace,
                $"has to be at most StreamIdleTimeout, {options.StreamIdleTimeout}");
        foreach (var (operation, value) in (ReadOnlySpan<(string, OperationOptions)>)
        [
            (nameof(options.Submit), options.Submit),
            (nameof(options.Generate), options.Generate),
            (nameof(options.Stream), options.Stream),
            (nameof(options.ReadTask), options.ReadTask),
        ])
        {
            checks
                .Require(
                    value.AttemptTimeout <= value.TotalTimeout,
                    $"{Section}:{operation}:{nameof(value.AttemptTimeout)}",
                    value.AttemptTimeout,
                    $"has to be at most TotalTimeout, {value.TotalTimeout}")
                .Require(
                    value.BaseDelay <= value.MaxDelay,
                    $"{Section}:{operation}:{nameof(value.BaseDelay)}",
                    value.BaseDelay,
                    $"has to be at most MaxDelay, {value.MaxDelay}");
        }

        return checks.Result();
    }
}

/// <summary>Checks <see cref="PriceOptions"/>.</summary>
internal sealed class PriceOptionsValidator : IValidateOptions<PriceOptions>
{
    public ValidateOptionsResult Validate(string? name, PriceOptions options)
    {
        var checks = new OptionsChecks().Annotations(options, PriceOptions.Section);
        foreach (var tier in Enum.GetValues<Tier>())
        {
            checks.Require(
                options.Tiers.Exists(row => row.Tier == tier),
                $"{PriceOptions.Section}:{nameof(options.Tiers)}",
                string.Join(", ", options.Tiers.Select(row => row.Tier)),
                $"has to have a row for {tier}");
        }

        foreach (var (row, path) in options.Tiers.Select((row, index) => ((PriceRates)row, $"Tiers:{index}"))
            .Concat(options.Families.Select((row, index) => ((PriceRates)row, $"Families:{index}")))
            .Concat(options.List.Select((row, index) => ((PriceRates)row, $"List:{index}"))))
        {
            checks.Require(
                row.AudioCacheRead is null || row.AudioInput is not null,
                $"{PriceOptions.Section}:{path}:{nameof(row.AudioCacheRead)}",
                row.AudioCacheRead,
                "needs AudioInput beside it");
        }

        return checks.Result();
    }
}
