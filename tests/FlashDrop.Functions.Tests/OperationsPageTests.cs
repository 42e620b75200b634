using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using FlashDrop.Azure.Keys;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Media;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Retention;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Resilience;
using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Functions.Tests;

/// <summary>Holds <c>docs/operations.md</c> to the code: every setting, log event, span and metric is on it.</summary>
public sealed partial class OperationsPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs", "operations.md"));

    private static readonly string[] Products = ["FlashDrop.EvoLink", "FlashDrop.Core", "FlashDrop.Azure", "FlashDrop.Gateway", "FlashDrop.Functions"];

    public static TheoryData<string, Type> Options => new()
    {
        { "`FlashDrop:Storage`", typeof(StorageOptions) },
        { "`AzureWebJobsStorage`", typeof(StorageConnectionOptions) },
        { "`FlashDrop:Pipeline`", typeof(PipelineOptions) },
        { "`FlashDrop:Media`", typeof(MediaOptions) },
        { "`FlashDrop:Retention`", typeof(RetentionOptions) },
        { "`FlashDrop:Upstream`", typeof(UpstreamOptions) },
        { "`FlashDrop:Upstream:Resilience`", typeof(UpstreamResilienceOptions) },
        { "`FlashDrop:Prices`", typeof(PriceOptions) },
        { "`FlashDrop:KeyVault`", typeof(KeyVaultOptions) },
        { "`FlashDrop:Gateway`", typeof(GatewayOptions) },
        { "`FlashDrop:Callers:{name}`", typeof(CallerSettings) },
    };

    /// <summary>Set in code, or the value of the section's own key.</summary>
    private static readonly string[] NotSettings = [nameof(StorageOptions.Counts), nameof(StorageConnectionOptions.ConnectionString)];

    [Theory]
    [MemberData(nameof(Options))]
    public void EverySetting_IsInItsSectionsTable(string heading, Type options)
    {
        var start = Page.IndexOf($"### {heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, heading);
        var end = Page.IndexOf("\n##", start + 4, StringComparison.Ordinal);
        var named = Code().Matches(Page[start..end]).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(options.GetProperties().Select(property => property.Name).Except(NotSettings, StringComparer.Ordinal).Except(named, StringComparer.Ordinal));
    }

    [Fact]
    public void LogEvents_AreExactlyTheOnesOnThePage_EachIdOnce()
    {
        var logged = Products
            .SelectMany(product => Assembly.Load(product).GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(message => (message.EventId, message.Level))
            .Order()
            .ToList();
        var listed = EventRow().Matches(Page)
            .Select(row => (int.Parse(row.Groups["id"].Value, CultureInfo.InvariantCulture), Enum.Parse<LogLevel>(row.Groups["level"].Value)))
            .Order();

        Assert.Distinct(logged.Select(message => message.EventId));
        Assert.Equal(logged, listed);
    }

    [Fact]
    public void EverySpanAndMetric_IsOnThePage() => Assert.All(
        typeof(TelemetryNames).GetFields().Where(field => !field.Name.EndsWith("Tag", StringComparison.Ordinal) && field.Name != nameof(TelemetryNames.Provider)),
        field => Assert.Contains($"`{field.GetRawConstantValue()}`", Page, StringComparison.Ordinal));

    [GeneratedRegex("`(?<name>[A-Za-z]+)(:[^`]*)?`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| (?<id>\d{4}) \| (?<level>\w+) \|", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex EventRow();
}
