using FlashDrop.Gateway;
using FlashDrop.Gateway.DropIn;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>The drop-in endpoints in Google's and OpenAI's formats. They write and flush the response themselves.</summary>
/// <param name="native">Google's format.</param>
/// <param name="chat">OpenAI's format.</param>
/// <param name="tasks">Asynchronous requests of either.</param>
public sealed class DropInFunctions(NativeApi native, ChatApi chat, TasksApi tasks)
{
    /// <summary>Generates, streams or counts.</summary>
    [Function(nameof(NativePost))]
    public Task<IResult> NativePost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.NativeModel)] HttpRequest request) =>
        native.PostAsync(request, request.RouteValue("rest"));

    /// <summary>Generates, streams or counts, for clients that call the version <c>v1</c>.</summary>
    [Function(nameof(NativeV1Post))]
    public Task<IResult> NativeV1Post([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.Model)] HttpRequest request) =>
        native.PostAsync(request, request.RouteValue("id"));

    /// <summary>Lists the models in Google's format.</summary>
    [Function(nameof(NativeModelsList))]
    public Task<IResult> NativeModelsList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.NativeModels)] HttpRequest request) =>
        native.ListAsync(request);

    /// <summary>Shows a model in Google's format.</summary>
    [Function(nameof(NativeModelsGet))]
    public Task<IResult> NativeModelsGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.NativeModel)] HttpRequest request) =>
        native.GetAsync(request, request.RouteValue("rest"));

    /// <summary>Says that there are no caches.</summary>
    [Function(nameof(NativeCaches))]
    public Task<IResult> NativeCaches([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "patch", "delete", Route = Routes.NativeCaches)] HttpRequest request) =>
        native.UnsupportedAsync(request);

    /// <summary>Says that there are no batches.</summary>
    [Function(nameof(NativeBatches))]
    public Task<IResult> NativeBatches([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "patch", "delete", Route = Routes.NativeBatches)] HttpRequest request) =>
        native.UnsupportedAsync(request);

    /// <summary>Says that there are no stored files.</summary>
    [Function(nameof(NativeFiles))]
    public Task<IResult> NativeFiles([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "patch", "delete", Route = Routes.NativeFiles)] HttpRequest request) =>
        native.UnsupportedAsync(request);

    /// <summary>Says that there are no uploads of Google's kind.</summary>
    [Function(nameof(NativeUploads))]
    public Task<IResult> NativeUploads([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "patch", "delete", Route = Routes.NativeUploads)] HttpRequest request) =>
        native.UnsupportedAsync(request);

    /// <summary>Completes a chat.</summary>
    [Function(nameof(ChatPost))]
    public Task<IResult> ChatPost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.ChatCompletions)] HttpRequest request) =>
        chat.PostAsync(request);

    /// <summary>Lists the models in OpenAI's format.</summary>
    [Function(nameof(ModelsList))]
    public Task<IResult> ModelsList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Models)] HttpRequest request) =>
        chat.ListAsync(request);

    /// <summary>Shows a model in OpenAI's format.</summary>
    [Function(nameof(ModelsGet))]
    public Task<IResult> ModelsGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Model)] HttpRequest request) =>
        chat.GetAsync(request, request.RouteValue("id"));

    /// <summary>Shows an asynchronous request.</summary>
    [Function(nameof(TasksGet))]
    public Task<IResult> TasksGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Task)] HttpRequest request) =>
        tasks.GetAsync(request, request.RouteValue("id"));
}
