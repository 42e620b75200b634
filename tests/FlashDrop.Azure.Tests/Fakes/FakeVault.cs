using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Security.KeyVault.Secrets;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Fakes;

/// <summary>A Key Vault behind the real <see cref="SecretClient"/>: challenge, versions, and whatever goes wrong.</summary>
internal sealed class FakeVault
{
    private const string Address = "https://unit.vault.azure.net";

    private readonly Lock _lock = new();
    private readonly List<(string Version, string Value, bool Enabled)> _versions = [];

    /// <summary>Answers instead of the vault, or null to let it answer. May throw for a network failure.</summary>
    public Func<Request, ValueTask<FakeResponse?>>? Trouble { get; set; }

    /// <summary>Paths of the signed requests.</summary>
    public List<string> Requests { get; } = [];

    public string Name { get; } = "evolink-api-key";

    public SecretClient CreateClient(int maxRetries = 0)
    {
        var options = new SecretClientOptions { Transport = new FakeTransport(AnswerAsync) };
        options.Retry.MaxRetries = maxRetries;
        options.Retry.Delay = TimeSpan.Zero;
        options.Retry.MaxDelay = TimeSpan.Zero;
        return new SecretClient(new Uri(Address), new FakeCredential(), options);
    }

    public void Store(string version, string value, bool enabled = true)
    {
        lock (_lock)
        {
            _versions.RemoveAll(known => known.Version == version);
            _versions.Add((version, value, enabled));
        }
    }

    public int Count(string path)
    {
        lock (_lock)
        {
            return Requests.Count(request => request == path);
        }
    }

    private async ValueTask<FakeResponse> AnswerAsync(Request request, CancellationToken cancellationToken)
    {
        if (!request.Headers.Contains("Authorization"))
        {
            return new FakeResponse(
                401, "", ("WWW-Authenticate", "Bearer authorization=\"https://login.microsoftonline.com/tenant\", resource=\"https://vault.azure.net\""));
        }

        var path = request.Uri.ToUri().AbsolutePath.TrimEnd('/');
        lock (_lock)
        {
            Requests.Add(path);
        }

        if (Trouble is { } trouble && await trouble(request) is { } instead)
        {
            return instead;
        }

        lock (_lock)
        {
            return path == $"/secrets/{Name}/versions" ? List() : Get(path);
        }
    }

    private FakeResponse List() => Json(200, new JsonObject
    {
        ["value"] = new JsonArray([.. _versions.Select((known, index) => (JsonNode)Describe(known.Version, known.Enabled, index))]),
        ["nextLink"] = null,
    });

    private FakeResponse Get(string path)
    {
        var version = path.Split('/') is [_, _, _, var asked] ? asked : null;
        var index = version is null ? _versions.Count - 1 : _versions.FindIndex(known => known.Version == version);
        if (index < 0)
        {
            return Json(404, new JsonObject { ["error"] = new JsonObject { ["code"] = "SecretNotFound", ["message"] = "not found" } });
        }

        var found = _versions[index];
        if (!found.Enabled)
        {
            return Json(403, new JsonObject { ["error"] = new JsonObject { ["code"] = "Forbidden", ["message"] = "disabled" } });
        }

        var secret = Describe(found.Version, found.Enabled, index);
        secret["value"] = found.Value;
        return Json(200, secret);
    }

    private JsonObject Describe(string version, bool enabled, int index) => new()
    {
        ["id"] = $"{Address}/secrets/{Name}/{version}",
        ["attributes"] = new JsonObject
        {
            ["enabled"] = enabled,
            ["created"] = TestJobs.Noon.AddHours(index).ToUnixTimeSeconds(),
            ["updated"] = TestJobs.Noon.AddHours(index).ToUnixTimeSeconds(),
        },
    };

    private static FakeResponse Json(int status, JsonObject body) => new(status, body.ToJsonString(), ("Content-Type", "application/json"));
}
