using Azure.Core;
using Azure.Identity;

namespace FlashDrop.Azure;

/// <summary>Makes the credential a connection asks for.</summary>
internal static class Credentials
{
    private const string ManagedIdentity = "managedidentity";

    public static bool IsKnown(string? kind) =>
        string.IsNullOrWhiteSpace(kind) || string.Equals(kind, ManagedIdentity, StringComparison.OrdinalIgnoreCase);

    public static TokenCredential Create(string? kind, string? clientId)
    {
        var id = string.IsNullOrWhiteSpace(clientId) ? null : clientId;
        if (!string.IsNullOrWhiteSpace(kind))
        {
            return new ManagedIdentityCredential(
                id is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(id));
        }

        var options = new DefaultAzureCredentialOptions();
        if (id is not null)
        {
            options.ManagedIdentityClientId = id;
        }

        return new DefaultAzureCredential(options);
    }
}
