using Microsoft.Extensions.Options;

namespace FlashDrop.Azure.Keys;

/// <summary>Where the upstream key is kept and how often it is looked at. Section <c>FlashDrop:KeyVault</c>.</summary>
public sealed class KeyVaultOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:KeyVault";

    /// <summary>URI of the vault, for example <c>https://name.vault.azure.net</c>. Null: no vault is used.</summary>
    public string? VaultUri { get; set; }

    /// <summary>Name of the secret. Default <c>evolink-api-key</c>.</summary>
    public string SecretName { get; set; } = "evolink-api-key";

    /// <summary>Age at which the key is fetched again in the background. Default 15 minutes, range 1 minute to 1 day.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Share of the interval by which a refresh is moved forward at random, so that instances do not ask together. Default 0.2, range 0 to 0.5.
    /// </summary>
    public double Jitter { get; set; } = 0.2;

    /// <summary>
    /// Least time between two fetches after a failure, and between two that a refused key asks for. Default 10 seconds, range 1 second to 5 minutes.
    /// </summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a refused version is passed over when there is another one. Default 5 minutes, range 10 seconds to 1 day.
    /// </summary>
    public TimeSpan RefusalMemory { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary><c>managedidentity</c>, or null for the default chain; default that of <c>AzureWebJobsStorage</c>.</summary>
    public string? Credential { get; set; }

    /// <summary>Client id of a user-assigned identity; default that of <c>AzureWebJobsStorage</c>.</summary>
    public string? ClientId { get; set; }
}

/// <summary>Checks the vault's address and the ranges.</summary>
internal sealed class KeyVaultOptionsValidator : IValidateOptions<KeyVaultOptions>
{
    private const int MaxNameLength = 127;

    public ValidateOptionsResult Validate(string? name, KeyVaultOptions options)
    {
        var problems = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.VaultUri)
            && (!Uri.TryCreate(options.VaultUri, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps))
        {
            problems.Add($"{KeyVaultOptions.Section}:VaultUri '{options.VaultUri}' is not an absolute https URI like https://name.vault.azure.net.");
        }

        if (options.SecretName.Length is < 1 or > MaxNameLength
            || !options.SecretName.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            problems.Add($"{KeyVaultOptions.Section}:SecretName '{options.SecretName}' is not a secret's name: 1 to 127 letters, digits and dashes.");
        }

        if (!Credentials.IsKnown(options.Credential))
        {
            problems.Add($"{KeyVaultOptions.Section}:Credential '{options.Credential}' is not known: use managedidentity, or leave it empty.");
        }

        if (options.Jitter is not (>= 0 and <= 0.5))
        {
            problems.Add($"{KeyVaultOptions.Section}:Jitter is {options.Jitter}: the range is 0 to 0.5.");
        }

        Check(nameof(options.RefreshInterval), options.RefreshInterval, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        Check(nameof(options.RetryInterval), options.RetryInterval, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Check(nameof(options.RefusalMemory), options.RefusalMemory, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(string setting, TimeSpan value, TimeSpan min, TimeSpan max)
        {
            if (value < min || value > max)
            {
                problems.Add($"{KeyVaultOptions.Section}:{setting} is {value}: the range is {min} to {max}.");
            }
        }
    }
}
