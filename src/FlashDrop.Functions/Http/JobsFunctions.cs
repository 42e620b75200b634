using FlashDrop.Gateway;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>The jobs API. Callers are told by our own keys, so the host asks for none.</summary>
/// <param name="jobs">The API.</param>
public sealed class JobsFunctions(JobsApi jobs)
{
    /// <summary>Accepts a job.</summary>
    [Function(nameof(JobsPost))]
    public Task<IResult> JobsPost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.Jobs)] HttpRequest request) =>
        jobs.PostAsync(request);

    /// <summary>Lists jobs.</summary>
    [Function(nameof(JobsList))]
    public Task<IResult> JobsList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Jobs)] HttpRequest request) =>
        jobs.ListAsync(request);

    /// <summary>Shows a job.</summary>
    [Function(nameof(JobsGet))]
    public Task<IResult> JobsGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Job)] HttpRequest request) =>
        jobs.GetAsync(request, request.RouteValue("id"));

    /// <summary>Cancels a job.</summary>
    [Function(nameof(JobsDelete))]
    public Task<IResult> JobsDelete([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = Routes.Job)] HttpRequest request) =>
        jobs.DeleteAsync(request, request.RouteValue("id"));

    /// <summary>Gives a job's result.</summary>
    [Function(nameof(JobsResult))]
    public Task<IResult> JobsResult([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.JobResult)] HttpRequest request) =>
        jobs.ResultAsync(request, request.RouteValue("id"));
}
