using FlashDrop.Core.Jobs;
using FlashDrop.Core.Profiles;

namespace FlashDrop.Core.Results;

/// <summary>Names of a job's blobs in <c>results</c>.</summary>
public static class ResultNames
{
    /// <summary>Ending of an envelope of a success.</summary>
    public const string ResultSuffix = ".result.json";

    /// <summary>Ending of an envelope of a failure.</summary>
    public const string ErrorSuffix = ".error.json";

    /// <summary>The envelope of a success.</summary>
    public static string Result(Job job) => job.ResultName + ResultSuffix;

    /// <summary>The envelope of a failure.</summary>
    public static string Error(Job job) => job.ResultName + ErrorSuffix;

    /// <summary>The bare answer of a drop.</summary>
    public static string Answer(Job job) => job.ResultName + job.Output switch
    {
        OutputKind.Text => ".txt",
        OutputKind.Json => ".json",
        _ => ".md",
    };
}
