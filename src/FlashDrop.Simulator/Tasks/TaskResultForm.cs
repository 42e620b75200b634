using System.Text.Json.Serialization;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Tasks;

/// <summary>Where and how a finished text task carries its answer; the upstream documents none of them.</summary>
[JsonConverter(typeof(CamelCaseEnum<TaskResultForm>))]
public enum TaskResultForm
{
    /// <summary><c>results[0]</c> is the whole response object.</summary>
    ResponseObject,

    /// <summary><c>results[0]</c> is a string holding the response's JSON.</summary>
    JsonString,

    /// <summary><c>results</c> are strings that make up the text; no counts.</summary>
    Text,

    /// <summary><c>results[0]</c> is the URL of a JSON document with the response.</summary>
    Link,

    /// <summary><c>results[0]</c> is the URL of a text document; no counts.</summary>
    TextLink,

    /// <summary><c>results</c> are objects <c>{type:"text", text}</c>; counts at the top level.</summary>
    TextObjects,

    /// <summary><c>result_data</c> is the response object.</summary>
    ResultData,

    /// <summary><c>result</c> is a string holding the response's JSON.</summary>
    Result,

    /// <summary><c>output</c> is an array of text strings; no counts.</summary>
    Output,

    /// <summary><c>response</c> is the response object.</summary>
    Response,

    /// <summary><c>data</c> is an array of objects <c>{content}</c>; no counts.</summary>
    Data,

    /// <summary><c>candidates</c> and <c>usageMetadata</c> stand beside <c>id</c> and <c>status</c>.</summary>
    TopLevel,

    /// <summary><c>results[0]</c> is a chat completion.</summary>
    OpenAi,

    /// <summary>Completed, with nothing to show for it.</summary>
    Nothing,
}
