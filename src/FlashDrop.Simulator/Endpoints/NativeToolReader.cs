using System.Text.RegularExpressions;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Reads <c>tools</c> and <c>toolConfig</c>.</summary>
internal static partial class NativeToolReader
{
    public static ToolRules Read(FieldReader request)
    {
        var functions = new List<FunctionOffer>();
        var builtIn = false;
        foreach (var tool in request.Items("tools"))
        {
            var fields = new FieldReader(tool, "tools", "functionDeclarations", "googleSearch", "codeExecution", "urlContext");
            builtIn |= fields.Has("googleSearch") || fields.Has("codeExecution") || fields.Has("urlContext");
            functions.AddRange(fields.Items("functionDeclarations").Select((d, i) =>
                Declaration(new FieldReader(
                    d, $"tools.function_declarations[{i}]", "name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"))));
        }

        if (builtIn && functions.Count > 0)
        {
            throw FieldReader.Invalid("Multiple tools are supported only when they are all search tools.");
        }

        var rules = new ToolRules { Functions = functions, Json = request.Optional("tools")?.GetRawText() ?? "" };
        return request.Optional("toolConfig") is { } config && new FieldReader(config, "tool_config", "functionCallingConfig").Optional("functionCallingConfig") is { } calling
            ? WithMode(rules, new FieldReader(calling, "tool_config.function_calling_config", "mode", "allowedFunctionNames"))
            : rules;
    }

    private static FunctionOffer Declaration(FieldReader fields)
    {
        var name = fields.Text("name") ?? "";
        if (!FunctionName().IsMatch(name))
        {
            throw FieldReader.Invalid($"Invalid function name: \"{name}\". Must start with a letter or an underscore, at most 64 characters of a-z, A-Z, 0-9, _ : . -");
        }

        if (fields.Has("parameters") && fields.Has("parametersJsonSchema"))
        {
            throw FieldReader.Invalid($"{fields.Path("parameters")} and parameters_json_schema exclude each other.");
        }

        if (fields.Optional("parameters") is { } subset)
        {
            OpenApiSchema.Check(subset, fields.Path("parameters"));
        }

        return new FunctionOffer(name, fields.Optional("parameters") ?? fields.Optional("parametersJsonSchema"));
    }

    private static ToolRules WithMode(ToolRules rules, FieldReader fields)
    {
        var mode = fields.OneOf("mode", "MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED");
        var allowed = fields.Items("allowedFunctionNames").Select(n => n.GetString()!).ToList();
        if (allowed.Count > 0 && mode is not ("ANY" or "VALIDATED"))
        {
            throw FieldReader.Invalid("allowed_function_names should only be set when the function calling mode is ANY or VALIDATED.");
        }

        if (allowed.Find(a => !rules.Functions.Any(f => string.Equals(f.Name, a, StringComparison.Ordinal))) is { } unknown)
        {
            throw FieldReader.Invalid($"allowed_function_names: \"{unknown}\" is not a declared function.");
        }

        if (mode is "ANY" && rules.Functions.Count == 0)
        {
            throw FieldReader.Invalid("Function calling config is set without function_declarations.");
        }

        return rules with
        {
            Functions = allowed.Count == 0 ? rules.Functions : [.. rules.Functions.Where(f => allowed.Contains(f.Name, StringComparer.Ordinal))],
            Mode = mode switch { "ANY" => CallMode.Any, "NONE" => CallMode.None, _ => CallMode.Auto },
        };
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_:.\-]{0,63}$")]
    private static partial Regex FunctionName();
}
