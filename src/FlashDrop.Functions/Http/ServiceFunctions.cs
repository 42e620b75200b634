using FlashDrop.Gateway;
using FlashDrop.Gateway.Health;
using FlashDrop.Gateway.OpenApi;
using FlashDrop.Gateway.Uploads;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>What stands beside the jobs API: uploads, health checks, its description.</summary>
/// <param name="uploads">Signed upload URLs.</param>
/// <param name="health">Health checks.</param>
/// <param name="openApi">The API's description.</param>
public sealed class ServiceFunctions(UploadsApi uploads, HealthApi health, OpenApiDocument openApi)
{
    /// <summary>Gives a signed URL to upload a large input to.</summary>
    [Function(nameof(UploadsPost))]
    public Task<IResult> UploadsPost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.Uploads)] HttpRequest request) =>
        uploads.PostAsync(request);

    /// <summary>Tells whether the process runs.</summary>
    [Function(nameof(HealthLive))]
    public Task<IResult> HealthLive([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.HealthLive)] HttpRequest request) =>
        health.LiveAsync(request);

    /// <summary>Tells whether what the app depends on answers.</summary>
    [Function(nameof(HealthReady))]
    public Task<IResult> HealthReady([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.HealthReady)] HttpRequest request) =>
        health.ReadyAsync(request);

    /// <summary>Describes the API.</summary>
    [Function(nameof(OpenApi))]
    public Task<IResult> OpenApi([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.OpenApi)] HttpRequest request) =>
        openApi.GetAsync(request);
}
