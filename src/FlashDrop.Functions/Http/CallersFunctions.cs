using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>Callers and their keys, for administrators.</summary>
/// <param name="callers">The API.</param>
public sealed class CallersFunctions(CallersApi callers)
{
    /// <summary>Lists callers.</summary>
    [Function(nameof(CallersList))]
    public Task<IResult> CallersList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Callers)] HttpRequest request) =>
        callers.ListAsync(request);

    /// <summary>Creates a caller.</summary>
    [Function(nameof(CallersPost))]
    public Task<IResult> CallersPost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.Callers)] HttpRequest request) =>
        callers.PostAsync(request);

    /// <summary>Shows a caller.</summary>
    [Function(nameof(CallersGet))]
    public Task<IResult> CallersGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Caller)] HttpRequest request) =>
        callers.GetAsync(request, request.RouteValue("name"));

    /// <summary>Changes a caller.</summary>
    [Function(nameof(CallersPatch))]
    public Task<IResult> CallersPatch([HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = Routes.Caller)] HttpRequest request) =>
        callers.PatchAsync(request, request.RouteValue("name"));

    /// <summary>Removes a caller.</summary>
    [Function(nameof(CallersDelete))]
    public Task<IResult> CallersDelete([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = Routes.Caller)] HttpRequest request) =>
        callers.DeleteAsync(request, request.RouteValue("name"));

    /// <summary>Gives a caller a new key.</summary>
    [Function(nameof(CallersRotate))]
    public Task<IResult> CallersRotate([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.CallerRotate)] HttpRequest request) =>
        callers.RotateAsync(request, request.RouteValue("name"));

    /// <summary>Refuses a caller's keys.</summary>
    [Function(nameof(CallersDisable))]
    public Task<IResult> CallersDisable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.CallerDisable)] HttpRequest request) =>
        callers.DisableAsync(request, request.RouteValue("name"));

    /// <summary>Accepts a caller's keys again.</summary>
    [Function(nameof(CallersEnable))]
    public Task<IResult> CallersEnable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.CallerEnable)] HttpRequest request) =>
        callers.EnableAsync(request, request.RouteValue("name"));
}
