using System.Text.Json.Serialization;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Faults;

/// <summary>What a request asks for; the key by which fault rules pick requests.</summary>
[JsonConverter(typeof(CamelCaseEnum<RequestKind>))]
public enum RequestKind
{
    /// <summary>Matches every request (rules only).</summary>
    Any,

    /// <summary>Matches generate, stream and chat (rules only).</summary>
    Submit,

    /// <summary><c>:generateContent</c>.</summary>
    Generate,

    /// <summary><c>:streamGenerateContent</c>.</summary>
    Stream,

    /// <summary><c>/v1/chat/completions</c>, streamed or not.</summary>
    Chat,

    /// <summary><c>:countTokens</c>.</summary>
    CountTokens,

    /// <summary><c>GET /v1/tasks/{id}</c>.</summary>
    Task,

    /// <summary>A model list or a single model, native or OpenAI.</summary>
    Models,

    /// <summary><c>GET /v1/credits</c>.</summary>
    Credits,

    /// <summary><c>GET /web/api/models/pricing</c>.</summary>
    Pricing,

    /// <summary>The document behind a task's result link.</summary>
    Result,

    /// <summary>Anything the upstream does not serve.</summary>
    Unknown,
}
