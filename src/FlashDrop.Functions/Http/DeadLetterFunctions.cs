using FlashDrop.Gateway;
using FlashDrop.Gateway.DeadLetters;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>Failed jobs.</summary>
/// <param name="letters">The API.</param>
public sealed class DeadLetterFunctions(DeadLettersApi letters)
{
    /// <summary>Lists failed jobs.</summary>
    [Function(nameof(DeadLettersList))]
    public Task<IResult> DeadLettersList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.DeadLetters)] HttpRequest request) =>
        letters.ListAsync(request);

    /// <summary>Tries a failed job again.</summary>
    [Function(nameof(JobsRetry))]
    public Task<IResult> JobsRetry([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.JobRetry)] HttpRequest request) =>
        letters.RetryAsync(request, request.RouteValue("id"));

    /// <summary>Discards a failed job.</summary>
    [Function(nameof(JobsDiscard))]
    public Task<IResult> JobsDiscard([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.JobDiscard)] HttpRequest request) =>
        letters.DiscardAsync(request, request.RouteValue("id"));
}
