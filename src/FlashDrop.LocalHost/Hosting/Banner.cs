using System.Text;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Keys;
using FlashDrop.LocalHost.Azurite;
using FlashDrop.Simulator;

namespace FlashDrop.LocalHost.Hosting;

/// <summary>What a person needs to know once the host runs.</summary>
internal static class Banner
{
    /// <summary>The text.</summary>
    public static string Text(RunOptions options, string url, string? key, AzuriteServer? azurite, SimulatorHost? simulator)
    {
        var inbox = Path.Combine(options.WorkFolder, Containers.Inbox);
        var text = new StringBuilder()
            .AppendLine("FlashDrop is running. Ctrl+C stops it.")
            .AppendLine()
            .AppendLine($"  Drop files    {Path.Combine(inbox, "default")}, or another profile's folder, such as {Path.Combine(inbox, "meeting-notes")}")
            .AppendLine($"  Answers       {Path.Combine(options.WorkFolder, Containers.Results)}")
            .AppendLine($"  Dashboard     {url}/dashboard  (sign in with the API key)")
            .AppendLine($"  HTTP API      {url}  (described at {url}/openapi.json)")
            .AppendLine($"  API key       {key}")
            .AppendLine(azurite is null
                ? "  Storage       the account in AzureWebJobsStorage"
                : $"  Storage       Azurite on ports {azurite.Ports.Blob}, {azurite.Ports.Queue}, {azurite.Ports.Table}; data in {Path.Combine(options.LocalFolder, "azurite")}")
            .AppendLine(simulator is null
                ? "  Upstream      the real one: answers cost money"
                : $"  Upstream      a simulator at {simulator.BaseUrl}; set {ConfigurationKeyRing.ConfigurationKey.Replace(":", "__", StringComparison.Ordinal)} for the real one")
            .AppendLine()
            .AppendLine("Ask over HTTP:")
            .AppendLine()
            .AppendLine($"  curl -s {url}/api/jobs -H 'x-api-key: {key}' -H 'content-type: application/json' -H 'prefer: wait=30' \\")
            .AppendLine("    -d '{\"prompt\":\"Say hello in three languages.\"}'");
        return text.ToString();
    }
}
