using System.Text.RegularExpressions;

namespace FlashDrop.LocalHost.Functions;

/// <summary>Resolves <c>%Setting%</c> in trigger attributes from configuration, as the Functions host does.</summary>
/// <param name="configuration">Where settings are looked up.</param>
internal sealed partial class SettingExpressions(IConfiguration configuration)
{
    /// <summary>Replaces every <c>%name%</c> by the setting's value.</summary>
    /// <exception cref="LocalHostException">A setting is missing or empty.</exception>
    public string Resolve(string text) => Expression().Replace(text, match =>
    {
        var name = match.Groups["name"].Value;
        return configuration[name] is { Length: > 0 } value
            ? value
            : throw new LocalHostException($"The setting {name} is missing.", $"Set it, for example with --set {name}=VALUE.");
    });

    [GeneratedRegex("%(?<name>[^%\\s]+)%", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Expression();
}
