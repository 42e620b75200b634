using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Answers;

/// <summary>
/// Plays the model. The same request and seed give the same answer; only ids, times and cached tokens differ from one
/// request to the next.
/// </summary>
internal sealed partial class AnswerComposer(Dice dice, PrefixCache cache, TimeProvider time)
{
    /// <summary>A prompt with this word is blocked.</summary>
    public const string BlockMarker = "SIMULATE_BLOCK";

    /// <summary>An answer to a prompt with this word is stopped for safety.</summary>
    public const string SafetyMarker = "SIMULATE_SAFETY";

    private const int GistCharacters = 160;
    private const int MostExtraWords = 50_000;

    private long _answers;

    public ModelAnswer Compose(Ask ask, FaultAction? fault)
    {
        var blocks = PromptBlocks.Of(ask);
        var purpose = string.Join('\n', blocks.Select(b => b.Identity).Prepend(ask.Model));
        var prompt = PromptBlocks.Sum(blocks);
        var now = time.GetUtcNow();
        var answer = new ModelAnswer
        {
            // The time keeps ids apart when the program is started again with the same seed.
            Id = dice.Word(22, $"answer {Interlocked.Increment(ref _answers)} {now.UtcTicks}"),
            Model = fault?.ModelVersion ?? ask.Model,
            CreatedAt = now,
            ReportsUsage = fault?.NoUsage != true,
            Tokens = new TokenCounts { Prompt = prompt },
        };
        var words = ask.PromptText;
        if (words.Contains(BlockMarker, StringComparison.Ordinal))
        {
            return answer with { BlockReason = "PROHIBITED_CONTENT" };
        }

        var cached = cache.LookUp(ask.Model, blocks);
        var thoughts = Thoughts(ask.Output, purpose);
        var spent = Math.Min(thoughts, ask.Output.MaxTokens);
        answer = answer with
        {
            FinishReason = "STOP",
            Thought = ask.Output.IncludeThoughts && thoughts > 0 ? "I look at what was sent and say what it is." : null,
            Tokens = new TokenCounts { Prompt = prompt, Cached = cached, Thoughts = spent },
        };
        if (words.Contains(SafetyMarker, StringComparison.Ordinal))
        {
            return Altered(answer with { FinishReason = "SAFETY", Thought = null }, fault);
        }

        var room = ask.Output.MaxTokens - spent;
        return Altered(ChooseCall(ask, purpose) is { } call ? WithCall(answer, call, room) : WithText(answer, Text(ask, fault, purpose), room), fault);
    }

    private static ModelAnswer WithCall(ModelAnswer answer, FunctionCall call, long room)
    {
        var tokens = TokenArithmetic.Text(call.Name.Length + call.Arguments.ToJsonString().Length);
        return tokens > room
            ? answer with { FinishReason = "MAX_TOKENS" }
            : answer with { Call = call, Tokens = answer.Tokens with { Candidates = tokens } };
    }

    private static ModelAnswer WithText(ModelAnswer answer, string text, long room)
    {
        var tokens = TokenArithmetic.Text(text.Length);
        if (tokens <= room)
        {
            return answer with { Text = text, Tokens = answer.Tokens with { Candidates = tokens } };
        }

        var kept = (int)room * TokenArithmetic.CharactersPerToken;
        if (kept > 0 && char.IsHighSurrogate(text[kept - 1]))
        {
            kept--;
        }

        return answer with { Text = text[..kept], FinishReason = "MAX_TOKENS", Tokens = answer.Tokens with { Candidates = room } };
    }

    private static ModelAnswer Altered(ModelAnswer answer, FaultAction? fault)
    {
        if (fault is null)
        {
            return answer;
        }

        if (fault.EmptyParts)
        {
            answer = answer with { Text = "", Thought = null, Call = null, Tokens = answer.Tokens with { Candidates = 0 } };
        }

        return answer with { FinishReason = fault.NoFinishReason ? null : fault.FinishReason ?? answer.FinishReason };
    }

    private long Thoughts(OutputRules output, string purpose)
    {
        if (output.ThinkingBudget == 0)
        {
            return 0;
        }

        var dynamic = dice.Between(48, 480, $"thoughts {purpose}");
        return output.ThinkingBudget > 0 ? Math.Min(dynamic, output.ThinkingBudget) : dynamic;
    }

    /// <summary>A call is made when it must be, or when the last words name a function on offer; never in answer to a result.</summary>
    private FunctionCall? ChooseCall(Ask ask, string purpose)
    {
        var last = ask.Turns[^1].Pieces;
        var words = string.Join(' ', last.OfType<TextPiece>().Select(p => p.Text));
        var offer = ask.Tools.Mode switch
        {
            CallMode.Any => ask.Tools.Functions is [var first, ..] ? first : null,
            CallMode.Auto when !last.OfType<FunctionPiece>().Any() =>
                ask.Tools.Functions.FirstOrDefault(f => words.Contains(f.Name, StringComparison.Ordinal)),
            _ => null,
        };
        if (offer is null)
        {
            return null;
        }

        var arguments = offer.Parameters is { } schema ? new SchemaFiller(schema, dice, purpose, Gist(words)).Fill() as JsonObject : null;
        return new FunctionCall(offer.Name, arguments ?? []);
    }

    private string Text(Ask ask, FaultAction? fault, string purpose)
    {
        var prose = Prose(ask);
        var text = (ask.Output.Kind, ask.Output.Schema) switch
        {
            (OutputKind.Enum, { } schema) => new SchemaFiller(schema, dice, purpose, prose).Fill()?.ToString() ?? "",
            (OutputKind.Json, { } schema) => Json(new SchemaFiller(schema, dice, purpose, prose).Fill()),
            (OutputKind.Json, null) => Json(new JsonObject
            {
                ["answer"] = prose,
                ["inputs"] = new JsonArray([.. ask.Media.Select(m => JsonValue.Create(m.Describe()))]),
            }),
            _ => prose,
        };
        if (fault?.WrongSchema == true)
        {
            text = """{"simulated_wrong_shape":[1,"two",null]}""";
        }

        if (fault?.CodeFenced == true)
        {
            text = $"```{(ask.Output.Kind == OutputKind.Json ? "json" : "")}\n{text}\n```";
        }

        foreach (var stop in ask.Output.StopSequences)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            text = at >= 0 ? text[..at] : text;
        }

        return text;
    }

    private static string Json(JsonNode? node) => node is null ? "null" : JsonBytes.Text(node);

    private static string Prose(Ask ask)
    {
        var media = ask.Media.ToList();
        var prose = new StringBuilder();
        if (media.Count == 0)
        {
            prose.Append("I received no files. ");
        }
        else if (media.Count == 1)
        {
            prose.Append("I received ").Append(media[0].Describe()).Append(". ");
        }
        else
        {
            prose.Append($"I received {media.Count} files. ");
            for (var i = 0; i < media.Count; i++)
            {
                prose.Append($"File {i + 1} is ").Append(media[i].Describe()).Append(". ");
            }
        }

        var question = ask.Turns.Where(t => t.Role is "user").SelectMany(t => t.Pieces).OfType<TextPiece>().LastOrDefault()?.Text ?? "";
        prose.Append(question.Length == 0 ? "You asked nothing about it." : $"You asked: \"{Gist(question)}\".");
        if (ask.System.Length > 0)
        {
            prose.Append($" My instruction is: \"{Gist(ask.System)}\".");
        }

        foreach (var result in ask.Turns[^1].Pieces.OfType<FunctionPiece>().Where(p => p.IsResult))
        {
            prose.Append($" The function {result.Name} returned {Gist(result.Json)}.");
        }

        if (LengthMarker().Match(question) is { Success: true } match && int.TryParse(match.Groups["words"].ValueSpan, out var words))
        {
            for (var i = 1; i <= Math.Min(words, MostExtraWords); i++)
            {
                prose.Append($" word{i}");
            }
        }

        return prose.ToString();
    }

    private static string Gist(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, GistCharacters, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= GistCharacters)
        {
            return line;
        }

        var kept = char.IsHighSurrogate(line[GistCharacters - 1]) ? GistCharacters - 1 : GistCharacters;
        return line[..kept] + "…";
    }

    [GeneratedRegex(@"SIMULATE_WORDS:(?<words>\d{1,6})", RegexOptions.ExplicitCapture)]
    private static partial Regex LengthMarker();
}
