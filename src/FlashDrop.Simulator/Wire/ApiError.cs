namespace FlashDrop.Simulator.Wire;

/// <summary>An error the upstream answers with; what is null gets the value usual for the status.</summary>
internal sealed record ApiError(int Status, string Message)
{
    public BodyForm Form { get; init; } = BodyForm.EvoLink;

    public string? Code { get; init; }

    public string? Type { get; init; }

    public string? Param { get; init; }

    public string? Suggestion { get; init; }

    /// <summary>Seconds of Google's <c>RetryInfo</c>.</summary>
    public int? RetryInfo { get; init; }

    /// <summary>Id in Google's <c>QuotaFailure</c>.</summary>
    public string? QuotaId { get; init; }
}

/// <summary>A request that the upstream refuses; ends the handling of the request wherever it is thrown.</summary>
internal sealed class RefusedException(ApiError error) : Exception(error.Message)
{
    public ApiError Error => error;

    /// <summary>A refusal by the model's own API, in Google's words.</summary>
    public static RefusedException Google(string message, int status = 400) => new(new ApiError(status, message) { Form = BodyForm.Google });

    /// <summary>A refusal by the gateway in front of the model.</summary>
    public static RefusedException EvoLink(int status, string message, string? param = null) => new(new ApiError(status, message) { Param = param });
}
