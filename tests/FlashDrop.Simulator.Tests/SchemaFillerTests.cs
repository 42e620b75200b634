using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using FlashDrop.Simulator.Answers;

namespace FlashDrop.Simulator.Tests;

public class SchemaFillerTests
{
    [Fact]
    public void GooglesSubset_IsFilledInOrder()
    {
        var filled = Fill("""
            {"type":"OBJECT","propertyOrdering":["when","names","level","note","ok"],"required":["names","when"],"properties":{
              "ok":{"type":"BOOLEAN"},"note":{"type":"STRING","maxLength":4,"nullable":true},
              "names":{"type":"ARRAY","minItems":"3","items":{"type":"STRING","minLength":30}},
              "when":{"type":"STRING","format":"date-time"},"level":{"type":"STRING","format":"enum","enum":["LOW","HIGH"]}}}
            """)!.AsObject();
        Assert.Equal("when names level note ok", string.Join(' ', filled.Select(p => p.Key)));
        Assert.True(DateTimeOffset.TryParse((string)filled["when"]!, out _));
        Assert.Equal(3, ((JsonArray)filled["names"]!).Count);
        Assert.All((JsonArray)filled["names"]!, n => Assert.True(((string)n!).Length >= 30));
        Assert.True((string)filled["level"]! is "LOW" or "HIGH");
        Assert.InRange(((string)filled["note"]!).Length, 1, 4);
        Assert.True(filled["ok"]!.GetValueKind() is JsonValueKind.True or JsonValueKind.False);
    }

    [Fact]
    public void JsonSchema_ResolvesReferencesUnionsAndTypeLists()
    {
        var filled = Fill("""
            {"$defs":{"item":{"type":"object","properties":{"id":{"type":"integer"},"next":{"$ref":"#/$defs/item"}},"required":["id"]}},
             "type":"object","properties":{"item":{"$ref":"#/$defs/item"},"either":{"anyOf":[{"type":"number"},{"type":"string"}]},
             "maybe":{"type":["null","string"]},"fixed":{"const":"v"},"pair":{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"maxItems":2}}}
            """)!;
        Assert.Equal(JsonValueKind.Number, filled["item"]!["id"]!.GetValueKind());
        Assert.Equal(JsonValueKind.Number, filled["either"]!.GetValueKind());
        Assert.Equal(JsonValueKind.String, filled["maybe"]!.GetValueKind());
        Assert.Equal("v", (string)filled["fixed"]!);
        Assert.Equal([JsonValueKind.Number, JsonValueKind.String], ((JsonArray)filled["pair"]!).Select(p => p!.GetValueKind()));
    }

    [Fact]
    public void Numbers_StayWithinTheirLimits() =>
        Gen.Select(Gen.Int[-1000, 1000], Gen.Int[0, 50], Gen.Bool, Gen.Long).Sample((low, width, whole, seed) =>
        {
            var schema = $$$"""{"type":"{{{(whole ? "INTEGER" : "NUMBER")}}}","minimum":{{{low}}},"maximum":{{{low + width}}}}""";
            var value = (double)Fill(schema, seed)!.AsValue().Deserialize<double>();
            Assert.InRange(value, low, low + width);
            Assert.True(!whole || value == Math.Floor(value));
        }, iter: 2000);

    [Fact]
    public void ArraysAndStrings_StayWithinTheirLimits() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6], Gen.Int[0, 40], Gen.Int[0, 40]).Sample((least, more, shortest, longer) =>
        {
            var schema = $$$"""
                {"type":"ARRAY","minItems":{{{least}}},"maxItems":{{{least + more}}},"items":{"type":"STRING","minLength":{{{shortest}}},"maxLength":{{{shortest + longer}}}}}
                """;
            var filled = (JsonArray)Fill(schema)!;
            Assert.InRange(filled.Count, least, least + more);
            Assert.All(filled, f => Assert.InRange(((string)f!).Length, shortest, shortest + longer));
        }, iter: 2000);

    [Fact]
    public async Task EnumMimeType_AnswersTheBareValue_AndJsonWithoutSchemaIsJson()
    {
        await using var sim = await Sim.StartAsync();
        var word = Sim.Text(await sim.AnswerAsync(Sim.AskWith("Which?", """{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["red","green"]}}""")));
        Assert.True(word is "red" or "green");
        var json = Sim.Text(await sim.AnswerAsync(Sim.AskWith("Which?", """{"responseMimeType":"application/json"}""")));
        Assert.Contains("Which?", (string)JsonNode.Parse(json)!["answer"]!, StringComparison.Ordinal);
    }

    private static JsonNode? Fill(string schema, long seed = 1) => new SchemaFiller(JsonElement.Parse(schema), new Dice(seed), "test", "prose").Fill();
}
