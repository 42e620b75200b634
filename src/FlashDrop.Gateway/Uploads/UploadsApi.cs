using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Uploads;

/// <summary>Hands out short-lived write-only URLs, so that large media goes straight to storage. Safe for concurrent use.</summary>
public sealed class UploadsApi
{
    private const long MaxBody = 16 * 1024;
    private const int MaxJsonDepth = 8;
    private const int MaxFileName = 200;
    private const int RandomBytes = 10;

    private readonly IContentStore _content;
    private readonly RequestPipeline _pipeline;
    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;
    private readonly ILogger<UploadsApi> _logger;

    internal UploadsApi(
        IContentStore content,
        RequestPipeline pipeline,
        RandomNumberGenerator random,
        TimeProvider time,
        IOptions<GatewayOptions> options,
        ILogger<UploadsApi> logger)
    {
        _content = content;
        _pipeline = pipeline;
        _random = random;
        _time = time;
        _options = options.Value;
        _logger = logger;
    }

    /// <summary><c>POST</c> <see cref="Routes.Uploads"/> with <c>fileName</c> and perhaps <c>contentType</c>: 201 with the URL and the input to name in a job.</summary>
    public Task<IResult> PostAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (body, unreadable) = await BodyReader.ReadJsonAsync(request, MaxBody, cancellationToken);
        if (body is null)
        {
            return unreadable!.ToResult();
        }

        string? fileName;
        string? contentType;
        using (body)
        {
            (fileName, contentType, var problem) = Parse(body.Bytes);
            if (problem is not null)
            {
                return problem.ToResult();
            }
        }

        var now = _time.GetUtcNow();
        var random = new byte[RandomBytes];
        _random.GetBytes(random);
        var name = $"{BlobNames.UploadPrefix(caller.Name)}{JobId.Create(now, random)}/{fileName}";
        var url = await _content.GetWriteUrlAsync(new BlobAddress(Containers.Requests, name), _options.UploadLifetime, cancellationToken);
        Log.UploadIssued(_logger, caller.Name);

        Dictionary<string, string> headers = new(StringComparer.Ordinal) { ["x-ms-blob-type"] = "BlockBlob" };
        if (contentType is not null)
        {
            headers["Content-Type"] = contentType;
        }

        var view = new UploadView(
            "PUT", url.AbsoluteUri, headers, now + _options.UploadLifetime, new UploadInput("blob", Containers.Requests, name));
        return new JsonResponse<UploadView>(view, UploadsJsonContext.Default.UploadView, StatusCodes.Status201Created);
    });

    private static (string? FileName, string? ContentType, Problem? Problem) Parse(ReadOnlyMemory<byte> body)
    {
        var (document, invalid) = JsonText.Parse(body, MaxJsonDepth);
        if (document is null)
        {
            return (null, null, invalid);
        }

        using (document)
        {
            var errors = new FieldErrors();
            string? fileName = null;
            string? contentType = null;
            if (!document.RootElement.TryGetProperty("fileName", out _))
            {
                errors.Missing("fileName", "the file's name with its extension, for example standup.mp3");
            }

            foreach (var member in document.RootElement.EnumerateObject())
            {
                switch (member.Name)
                {
                    case "fileName":
                        fileName = FileName(member.Value, errors);
                        break;
                    case "contentType" when member.Value.ValueKind == JsonValueKind.Null:
                        break;
                    case "contentType":
                        contentType = FieldReader.MediaType(member.Value, "contentType", errors);
                        break;
                    default:
                        errors.Unknown(FieldErrors.Path("", member.Name), "fileName and contentType");
                        break;
                }
            }

            return errors.Any ? (null, null, Problem.InvalidRequest(errors.All)) : (fileName, contentType, null);
        }
    }

    private static string? FileName(JsonElement value, FieldErrors errors)
    {
        var name = FieldReader.Text(value, "fileName", errors);
        if (name is not null && (name.Length > MaxFileName || name.Contains('/', StringComparison.Ordinal) || !BlobNames.IsSafe(name)))
        {
            errors.Invalid("fileName", "This is not a usable file name.", $"Send 1 to {MaxFileName} characters without slashes, backslashes or control characters.");
            return null;
        }

        return name;
    }
}

/// <summary>How to upload, and how to name the upload in a job.</summary>
internal sealed record UploadView(
    string Method, string Url, IReadOnlyDictionary<string, string> Headers, DateTimeOffset ExpiresAt, UploadInput Input);

/// <summary>An entry for <c>inputs</c> of a job.</summary>
internal sealed record UploadInput(string Kind, string Container, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UploadView))]
internal sealed partial class UploadsJsonContext : JsonSerializerContext;
