using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Wire;

/// <summary>Serialisation of wire objects: UTF-8, non-ASCII left as it is.</summary>
internal static class JsonBytes
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            node.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static string Text(JsonNode node) => System.Text.Encoding.UTF8.GetString(Of(node));

    /// <summary>The same tree with every whole number as a string, as some servers write int64.</summary>
    public static JsonNode? WithIntsAsStrings(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, WithIntsAsStrings(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(WithIntsAsStrings)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.ToJsonString() is var digits
            && !digits.AsSpan().ContainsAny('.', 'e', 'E') => JsonValue.Create(digits),
        _ => node?.DeepClone(),
    };
}
