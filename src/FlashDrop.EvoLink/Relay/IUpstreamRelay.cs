using FlashDrop.EvoLink.Errors;

namespace FlashDrop.EvoLink.Relay;

/// <summary>
/// Sends a body as it is and hands back the answer as bytes: for a proxy that relays what it does not need to understand. One call is one
/// try (two when the key was refused and there is another); retries, timeouts and breakers are the caller's. Safe for concurrent use.
/// </summary>
public interface IUpstreamRelay
{
    /// <summary>Sends one request and reads the head of its answer. Failures are values; only cancellation throws.</summary>
    Task<RelayAttempt> SendAsync(RelayRequest request, CancellationToken cancellationToken);
}

/// <summary>What to send.</summary>
/// <param name="Path">Path and query below the base URL for generation, without a leading slash.</param>
/// <param name="CreateContent">Makes the body, once per try; null sends a <c>GET</c>.</param>
public sealed record RelayRequest(string Path, Func<HttpContent>? CreateContent)
{
    /// <summary>Path of the chat completions.</summary>
    public const string ChatPath = "v1/chat/completions";

    /// <summary>Path of a native method. Slashes in the model id stay, everything else in it is escaped.</summary>
    /// <param name="model">Model id.</param>
    /// <param name="method">The part after the colon, with its query: <c>streamGenerateContent?alt=sse</c>.</param>
    public static string NativePath(string model, string method) =>
        $"v1beta/models/{string.Join('/', model.Split('/').Select(Uri.EscapeDataString))}:{method}";

    /// <summary>The path without its query.</summary>
    public override string ToString() => Path.Split('?')[0];
}

/// <summary>What one try brought: a response with a 2xx status, or an error.</summary>
public sealed record RelayAttempt
{
    /// <summary>The answer, not read yet; the receiver disposes it. Null after a failure.</summary>
    public RelayResponse? Response { get; init; }

    /// <summary>Why there is none.</summary>
    public UpstreamError? Error { get; init; }

    /// <summary>Whether the failure speaks against the route, not against the request, the key or the account.</summary>
    public bool RouteFailed { get; init; }
}

/// <summary>A 2xx answer under way.</summary>
public sealed class RelayResponse : IDisposable
{
    private readonly HttpResponseMessage _message;
    private readonly ErrorContext _context;

    internal RelayResponse(HttpResponseMessage message, ErrorContext context) => (_message, _context) = (message, context);

    /// <summary>The upstream's correlation id.</summary>
    public string? RequestId => _context.RequestId;

    /// <summary>Opens the body.</summary>
    public Task<Stream> OpenAsync(CancellationToken cancellationToken) => _message.Content.ReadAsStreamAsync(cancellationToken);

    /// <summary>Reads an error out of a payload of this answer, in whichever envelope it came; keys are masked.</summary>
    public UpstreamError ReadError(ReadOnlySpan<byte> payload) => ErrorReader.Read(payload, _context);

    /// <summary>Ends the exchange; a body that was not read to its end cancels the upstream's work.</summary>
    public void Dispose() => _message.Dispose();
}
