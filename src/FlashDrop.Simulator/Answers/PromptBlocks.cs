namespace FlashDrop.Simulator.Answers;

/// <summary>A piece of a prompt as the implicit cache sees it: an identity and its tokens.</summary>
internal sealed record PromptBlock(string Identity, Modality Modality, long Tokens);

/// <summary>Cuts a prompt into blocks, in order; long text into blocks of 256 tokens so that a shared beginning is recognised.</summary>
internal static class PromptBlocks
{
    private const int BlockCharacters = 256 * TokenArithmetic.CharactersPerToken;

    public static IReadOnlyList<PromptBlock> Of(Ask ask)
    {
        var blocks = new List<PromptBlock>();
        AddText(blocks, ask.System);
        AddText(blocks, ask.Tools.Json);
        foreach (var piece in ask.Turns.SelectMany(t => t.Pieces))
        {
            switch (piece)
            {
                case TextPiece text:
                    AddText(blocks, text.Text);
                    break;
                case FunctionPiece function:
                    AddText(blocks, function.Name + function.Json);
                    break;
                case MediumPiece medium:
                    blocks.AddRange(TokenArithmetic.Of(medium, ask.Output.Detail)
                        .Select(t => new PromptBlock($"{medium.Medium.Sha256}/{medium.Start}/{medium.End}/{medium.FramesPerSecond}", t.Modality, t.Tokens)));
                    break;
            }
        }

        return blocks;
    }

    public static Dictionary<Modality, long> Sum(IEnumerable<PromptBlock> blocks) =>
        blocks.GroupBy(b => b.Modality).ToDictionary(g => g.Key, g => g.Sum(b => b.Tokens));

    private static void AddText(List<PromptBlock> blocks, string text)
    {
        for (var at = 0; at < text.Length; at += BlockCharacters)
        {
            var block = text.Substring(at, Math.Min(BlockCharacters, text.Length - at));
            blocks.Add(new PromptBlock(block, Modality.Text, TokenArithmetic.Text(block.Length)));
        }
    }
}
