using System.Globalization;
using System.Text.Json;
using CsCheck;
using FlashDrop.Core.Schemas;
using NJsonSchema;

namespace FlashDrop.Core.Tests.Schemas;

public sealed class SchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", """{"type":"STRING"}""")]
    [InlineData("""{"type":["integer","null"],"minimum":1}""", """{"type":"INTEGER","nullable":true,"minimum":1}""")]
    [InlineData("""{"const":"yes"}""", """{"type":"STRING","enum":["yes"]}""")]
    [InlineData("""{"type":"integer","enum":[1,2],"description":"How many."}""", """{"type":"INTEGER","description":"How many. One of: 1, 2."}""")]
    [InlineData("""{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}""", """{"type":"INTEGER","minimum":1,"maximum":9}""")]
    [InlineData("""{"type":"string","format":"email"}""", """{"type":"STRING","description":"Format: email."}""")]
    [InlineData("""{"type":"string","format":"date-time"}""", """{"type":"STRING","format":"date-time"}""")]
    [InlineData("""{"oneOf":[{"type":"string"},{"type":"number"},{"type":"null"}]}""", """{"nullable":true,"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}""")]
    [InlineData("""{"type":["string","number"]}""", """{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}""")]
    [InlineData("""{"properties":{"b":{"type":"string"},"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""",
        """{"type":"OBJECT","properties":{"b":{"type":"STRING"},"a":{"type":"STRING"}},"required":["a"],"propertyOrdering":["b","a"]}""")]
    [InlineData("""{"type":"OBJECT","properties":{"b":{"type":"STRING"},"a":{"type":"STRING"}},"propertyOrdering":["a"]}""",
        """{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"propertyOrdering":["a","b"]}""")]
    [InlineData("""{"$defs":{"n":{"type":"string","title":"N"}},"type":"array","items":{"$ref":"#/$defs/n","description":"A name."},"maxItems":"3"}""",
        """{"type":"ARRAY","maxItems":3,"items":{"type":"STRING","title":"N","description":"A name."}}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"boolean"}}}]}""",
        """{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"BOOLEAN"}},"required":["a"],"propertyOrdering":["a","b"]}""")]
    public void Schema_IsBroughtIntoTheUpstreamsForm(string schema, string expected)
    {
        Assert.Equal(expected, SchemaWriter.ForUpstream(Read(schema)).GetRawText());
    }

    [Theory]
    [InlineData("""{"type":"object","additionalProperties":{"type":"string"}}""", "$.additionalProperties")]
    [InlineData("""{"type":"array","items":{"type":"object","properties":{"a":{"not":{}}}}}""", "$.items.properties.a.not")]
    [InlineData("""{"$defs":{"a":{"properties":{"next":{"$ref":"#/$defs/a"}}}},"$ref":"#/$defs/a"}""", "$.$defs.a.properties.next.$ref")]
    [InlineData("""{"$ref":"https://schemas.example.com/a.json"}""", "$.$ref")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "$.$ref")]
    [InlineData("""{"type":"money"}""", "$.type")]
    [InlineData("""{"type":"array"}""", "$")]
    [InlineData("""{}""", "$")]
    [InlineData("true", "$")]
    [InlineData("""{"type":"boolean","const":true}""", "$.const")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "$.pattern")]
    [InlineData("""{"type":"string","minLength":-1}""", "$.minLength")]
    [InlineData("""{"type":"object","properties":{},"required":["a"]}""", "$.required")]
    [InlineData("""{"anyOf":[{"type":"string"}],"minLength":2}""", "$.minLength")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"type":"string"}}}]}""", "$.allOf")]
    public void SchemaThatCannotBeExpressed_IsRefused_NamingThePlace(string schema, string path)
    {
        List<JsonProblem> problems = [];

        Assert.Null(SchemaReader.Read(Parse(schema), "$", problems));
        Assert.Equal(path, Assert.Single(problems).Path);
    }

    [Fact]
    public void ReferencesThatBlowTheSchemaUp_AreRefused()
    {
        var steps = Enumerable.Range(0, 20).Select(i =>
            string.Create(CultureInfo.InvariantCulture, $$$$"""
                "d{{{{i}}}}":{"type":"object","properties":{"a":{"$ref":"#/$defs/d{{{{i + 1}}}}"},"b":{"$ref":"#/$defs/d{{{{i + 1}}}}"}}}
                """));
        List<JsonProblem> problems = [];

        Assert.Null(SchemaReader.Read(Parse($$$"""{"$defs":{{{{string.Join(',', steps)}}},"d20":{"type":"string"}},"$ref":"#/$defs/d0"}"""), "$", problems));
        Assert.Contains("too large", problems[0].Reason, StringComparison.Ordinal);
        Assert.InRange(problems.Count, 1, 20);
    }

    [Fact]
    public void WholeForm_IsReadBack_AsTheSameSchema()
    {
        var node = Read("""
            {"type":"object","additionalProperties":false,"minProperties":1,"properties":{
              "a":{"type":["integer","null"],"enum":[1,2,null]},"b":{"anyOf":[{"type":"string","pattern":"^x+$","maxLength":4},{"type":"boolean"}]},
              "c":{"type":"array","items":{"type":"number","maximum":2.5},"minItems":1},"d":{"type":"null"}},"required":["a","c"]}
            """);

        var whole = SchemaWriter.Whole(node).GetRawText();

        Assert.Equal(whole, SchemaWriter.Whole(Read(whole)).GetRawText());
        Assert.Contains("\"additionalProperties\":false", whole, StringComparison.Ordinal);
        Assert.Contains("[1,2]", whole, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"string"}""", "3", "$: expected a string, found 3.")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"abc\"", "$: it has 3 characters; at most 2 are expected.")]
    [InlineData("""{"type":"string","pattern":"^a$"}""", "\"b\"", "$: 'b' does not match the pattern '^a$'.")]
    [InlineData("""{"type":"string","enum":["a","b"]}""", "\"c\"", "$: \"c\" is none of \"a\", \"b\".")]
    [InlineData("""{"type":"integer"}""", "1.5", "$: expected an integer, found 1.5.")]
    [InlineData("""{"type":"number","minimum":2}""", "1.5", "$: 1.5 is below the minimum of 2.")]
    [InlineData("""{"type":"array","items":{"type":"object","properties":{"n":{"type":"number"}}}}""", """[{"n":1},{"n":"x"}]""", "$[1].n: expected a number, found the string \"x\".")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""", "{}", "$: the required property 'a' is missing.")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}""", """{"b":1}""", "$: the property 'b' is not expected.")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"object","properties":{"a":{"type":"number"}}}]}""", """{"a":true}""", "$.a: expected a number, found true.")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"number"}]}""", "true", "$: true fits none of the 2 choices.")]
    public void ValueThatDoesNotFit_IsDescribed(string schema, string value, string expected)
    {
        Assert.Equal(expected, Assert.Single(SchemaValidator.Validate(Read(schema), Parse(value))).ToString());
    }

    [Theory]
    [InlineData("""{"type":"integer","format":"int64"}""", "\"9007199254740993\"")]
    [InlineData("""{"type":"integer"}""", "1.0")]
    [InlineData("""{"type":["string","null"]}""", "null")]
    [InlineData("""{"type":"string","maxLength":1}""", "\"😀\"")]
    [InlineData("""{"type":"object"}""", """{"anything":[1]}""")]
    public void ValueThatFits_HasNoMisfits(string schema, string value)
    {
        Assert.Empty(SchemaValidator.Validate(Read(schema), Parse(value)));
    }

    [Fact]
    public void Misfits_AreBounded()
    {
        var values = string.Join(',', Enumerable.Repeat("1", 5_000));

        Assert.Equal(SchemaValidator.MaxMisfits, SchemaValidator.Validate(Read("""{"type":"array","items":{"type":"string"}}"""), Parse($"[{values}]")).Count);
    }

    /// <summary>Another validator has to come to the same verdict on schemas and values made at random.</summary>
    [Fact]
    public async Task Verdict_AgreesWithAnIndependentValidator()
    {
        await Gen.Select(Schemas(2), Values(2)).SampleAsync(
            async (schema, value) =>
            {
                var oracle = await JsonSchema.FromJsonAsync(schema, CancellationToken.None);
                Assert.Equal(oracle.Validate(value).Count == 0, SchemaValidator.Validate(Read(schema), Parse(value)).Count == 0);
            },
            iter: 300,
            threads: 1);
    }

    private static Gen<string> Schemas(int depth)
    {
        Gen<string>[] leaves =
        [
            Gen.Const("""{"type":"string"}"""),
            Gen.Const("""{"type":"string","enum":["a","b"]}"""),
            Gen.Int[0, 3].Select(n => $$"""{"type":"string","minLength":{{n}}}"""),
            Gen.Int[0, 3].Select(n => $$"""{"type":"integer","maximum":{{n}}}"""),
            Gen.Const("""{"type":"boolean"}"""),
            Gen.Const("""{"type":["number","null"]}"""),
        ];
        if (depth == 0)
        {
            return Gen.OneOf(leaves);
        }

        var inner = Schemas(depth - 1);
        return Gen.OneOf(
        [
            .. leaves,
            Gen.Select(inner, Gen.Int[0, 2]).Select((i, n) => $$"""{"type":"array","items":{{i}},"minItems":{{n}}}"""),
            Gen.Select(inner, inner).Select((a, b) => $$"""{"type":"object","properties":{"a":{{a}},"b":{{b}}},"required":["a"],"additionalProperties":false}"""),
            Gen.Select(inner, inner).Select((a, b) => $$"""{"anyOf":[{{a}},{{b}}]}"""),
        ]);
    }

    private static Gen<string> Values(int depth)
    {
        Gen<string>[] leaves =
        [
            Any.Of("\"a\"", "\"\"", "\"abcd\"", "null", "true", "1.5"),
            Gen.Int[-2, 5].Select(n => n.ToString(CultureInfo.InvariantCulture)),
        ];
        if (depth == 0)
        {
            return Gen.OneOf(leaves);
        }

        var inner = Values(depth - 1);
        return Gen.OneOf(
        [
            .. leaves,
            inner.Array[0, 3].Select(i => $"[{string.Join(',', i)}]"),
            Gen.Select(inner, inner, Any.Of("a", "c")).Select((x, y, name) => $$"""{"{{name}}":{{x}},"b":{{y}}}"""),
        ]);
    }

    private static SchemaNode Read(string schema)
    {
        List<JsonProblem> problems = [];
        var node = SchemaReader.Read(Parse(schema), "$", problems);
        Assert.True(node is not null, string.Join(" ", problems));
        return node;
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
