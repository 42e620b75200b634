using Microsoft.Extensions.Options;

namespace FlashDrop.Azure.Storage;

/// <summary>Reports everything that is wrong with the connection at once, never quoting a secret.</summary>
internal sealed class StorageConnectionOptionsValidator : IValidateOptions<StorageConnectionOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageConnectionOptions options)
    {
        var problems = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            CheckConnectionString(options.ConnectionString, problems);
        }
        else
        {
            CheckIdentity(options, problems);
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckConnectionString(string text, List<string> problems)
    {
        if (text.Contains("UseDevelopmentStorage=true", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (!text.Contains("AccountName=", StringComparison.OrdinalIgnoreCase) || !text.Contains("AccountKey=", StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(
                "AzureWebJobsStorage is not a storage connection string: expected UseDevelopmentStorage=true, or AccountName=…;AccountKey=…. "
                + "To sign in with an identity leave it empty and set AzureWebJobsStorage__accountName.");
        }
    }

    private static void CheckIdentity(StorageConnectionOptions options, List<string> problems)
    {
        var hasAccount = !string.IsNullOrWhiteSpace(options.AccountName);
        if (hasAccount && (options.AccountName!.Length is < 3 or > 24 || !options.AccountName.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter))))
        {
            problems.Add($"AzureWebJobsStorage__accountName '{options.AccountName}' is not an account name: 3 to 24 lower-case letters and digits.");
        }

        (string Setting, string? Value)[] uris =
        [
            ("blobServiceUri", options.BlobServiceUri),
            ("queueServiceUri", options.QueueServiceUri),
            ("tableServiceUri", options.TableServiceUri),
        ];
        if (!hasAccount && uris.All(uri => string.IsNullOrWhiteSpace(uri.Value)))
        {
            problems.Add(
                "No storage account is configured: set AzureWebJobsStorage to a connection string, "
                + "or AzureWebJobsStorage__accountName to sign in with an identity.");
            return;
        }

        foreach (var (setting, value) in uris)
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                if (!hasAccount)
                {
                    problems.Add($"AzureWebJobsStorage__{setting} is missing: set it too, or AzureWebJobsStorage__accountName instead of all three.");
                }
            }
            else if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.Query.Length > 0)
            {
                // The value may carry a signature by mistake, so it is not quoted.
                problems.Add($"AzureWebJobsStorage__{setting} is not an absolute https URI without a query, like https://account.blob.core.windows.net.");
            }
        }

        if (!Credentials.IsKnown(options.Credential))
        {
            problems.Add($"AzureWebJobsStorage__credential '{options.Credential}' is not known: use managedidentity, or leave it empty for the default chain.");
        }
    }
}

/// <summary>Checks the ranges.</summary>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var problems = new List<string>();
        if (options.MaxRetries is < 0 or > 10)
        {
            problems.Add($"{StorageOptions.Section}:MaxRetries is {options.MaxRetries}: the range is 0 to 10.");
        }

        Check(nameof(options.RetryDelay), options.RetryDelay, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Check(nameof(options.MaxRetryDelay), options.MaxRetryDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Check(nameof(options.NetworkTimeout), options.NetworkTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(string setting, TimeSpan value, TimeSpan min, TimeSpan max)
        {
            if (value < min || value > max)
            {
                problems.Add($"{StorageOptions.Section}:{setting} is {value}: the range is {min} to {max}.");
            }
        }
    }
}
