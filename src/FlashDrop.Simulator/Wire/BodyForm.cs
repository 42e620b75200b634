using System.Text.Json.Serialization;

namespace FlashDrop.Simulator.Wire;

/// <summary>The error bodies met at the upstream.</summary>
[JsonConverter(typeof(CamelCaseEnum<BodyForm>))]
public enum BodyForm
{
    /// <summary>The documented <c>{"error":{code,message,type,param,fallback_suggestion}}</c> with an integer code.</summary>
    EvoLink,

    /// <summary>The same with a string as <c>code</c>.</summary>
    StringCode,

    /// <summary>Google's <c>{"error":{code,message,status,details}}</c>.</summary>
    Google,

    /// <summary>Google's, wrapped in an array.</summary>
    GoogleArray,

    /// <summary>The gateway family's <c>new_api_error</c>.</summary>
    NewApi,

    /// <summary><c>{"error":"text","error_description":"text"}</c>.</summary>
    ErrorText,

    /// <summary><c>{"message":"text"}</c>.</summary>
    MessageText,

    /// <summary><c>{"success":false,"code":n,"msg":"text","data":null}</c>.</summary>
    FilesApi,

    /// <summary>HTTP 200 with <c>{"code":n,"msg":"text"}</c>.</summary>
    OkWithCode,

    /// <summary>HTTP 200 with the documented envelope.</summary>
    OkWithError,

    /// <summary>A proxy's HTML page.</summary>
    Html,

    /// <summary>A line of plain text.</summary>
    PlainText,

    /// <summary>The documented envelope as bare JSON under <c>text/event-stream</c>.</summary>
    EventStream,
}
