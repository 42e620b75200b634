using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.OpenApi;

/// <summary>Serves the OpenAPI 3.1 document of this API. Safe for concurrent use.</summary>
public sealed class OpenApiDocument
{
    private const string Resource = "FlashDrop.Gateway.OpenApi.openapi.json";

    private readonly RequestPipeline _pipeline;

    internal OpenApiDocument(RequestPipeline pipeline) => _pipeline = pipeline;

    /// <summary><c>GET</c> <see cref="Routes.OpenApi"/>: the document.</summary>
    public Task<IResult> GetAsync(HttpRequest request) => _pipeline.RunAsync(request, (_, _) =>
    {
        var stream = Open();
        request.HttpContext.Response.RegisterForDispose(stream);
        return Task.FromResult<IResult>(new StreamResponse(stream, stream.Length, "application/json"));
    });

    /// <summary>Opens the document.</summary>
    internal static Stream Open() => typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource)!;
}
