using System.Text.Json;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Responses;

/// <summary>Reads a finished answer in either vocabulary.</summary>
internal static class AnswerReader
{
    public static bool TryRead(JsonElement root, out Answer answer)
    {
        if (OpenAiFormat.Is(root))
        {
            answer = NativeAnswer.Read(new OpenAiFormat().ToNative(root)) with
            {
                Raw = root,
                ReportedCostUsd = UsageReader.ReportedCostUsd(root),
            };
            return true;
        }

        if (NativeAnswer.Is(root))
        {
            answer = NativeAnswer.Read(root);
            return true;
        }

        answer = null!;
        return false;
    }
}
