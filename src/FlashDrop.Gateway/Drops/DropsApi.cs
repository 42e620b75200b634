using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Drops;

/// <summary>Puts files into the inbox for people who have a browser and no access to storage. Safe for concurrent use.</summary>
public sealed class DropsApi
{
    private const int MaxProfile = 64;
    private const int MaxName = 200;

    private readonly IContentStore _content;
    private readonly RequestPipeline _pipeline;
    private readonly GatewayOptions _options;
    private readonly ILogger<DropsApi> _logger;

    internal DropsApi(IContentStore content, RequestPipeline pipeline, IOptions<GatewayOptions> options, ILogger<DropsApi> logger)
    {
        _content = content;
        _pipeline = pipeline;
        _options = options.Value;
        _logger = logger;
    }

    /// <summary>
    /// <c>POST</c> <see cref="Routes.Drop"/> with the file as body, at most <see cref="GatewayOptions.MaxRequestBytes"/>: 201 with the id
    /// of the job it becomes. A name that is taken is 409, and what is there stays. Administrators only, since a drop is billed to its profile.
    /// </summary>
    public Task<IResult> PostAsync(HttpRequest request, string profile, string name) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (!caller.IsAdmin)
        {
            return Problem.AdminOnly(
                "Drops are billed to their profile, not to a caller; only an administrator may make them here.",
                "POST /api/jobs with the file as an input and the profile's name.").ToResult();
        }

        if (Check(profile, name) is { } invalid)
        {
            return invalid.ToResult();
        }

        var (body, unreadable) = await BodyReader.ReadAsync(request, _options.MaxRequestBytes, cancellationToken);
        if (body is null)
        {
            return unreadable!.ToResult();
        }

        var address = new BlobAddress(Containers.Inbox, $"{profile}/{name}");
        long length;
        using (body)
        {
            length = body.Bytes.Length;
            if (await _content.WriteAsync(
                address, body.Bytes, "application/octet-stream", WriteCondition.New, metadata: null, cancellationToken) is null)
            {
                return Problem.DropExists(address.Name).ToResult();
            }
        }

        Log.Dropped(_logger, length, caller.Name);

        // The job's id follows from the stored version; a file that was taken away meanwhile has none.
        var job = await _content.GetInfoAsync(address, cancellationToken) is { } info
            ? JobId.ForDrop(Containers.Inbox, address.Name, info.ETag, info.LastModified).ToString()
            : null;
        return new JsonResponse<DropView>(
            new DropView(profile, name, length, job), DropsJsonContext.Default.DropView, StatusCodes.Status201Created);
    });

    private static Problem? Check(string profile, string name)
    {
        var errors = new FieldErrors();
        if (profile.Length > MaxProfile || HasSlash(profile) || !BlobNames.IsSafe(profile))
        {
            errors.Invalid("path.profile", "This is not a profile's name.", $"Send the name of a profile, at most {MaxProfile} characters.");
        }

        if (name.Length > MaxName || HasSlash(name) || !BlobNames.IsSafe(name))
        {
            errors.Invalid(
                "path.name", "This is not a usable file name.", $"Send 1 to {MaxName} characters without slashes, backslashes or control characters.");
        }

        return errors.Any ? Problem.InvalidRequest(errors.All) : null;
    }

    /// <summary>Routing hands over a slash that was escaped in the path as it was escaped.</summary>
    private static bool HasSlash(string segment) =>
        segment.Contains('/', StringComparison.Ordinal) || segment.Contains("%2F", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A file in the inbox, and the job it becomes as soon as its event arrives.</summary>
internal sealed record DropView(string Profile, string Name, long Bytes, string? JobId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DropView))]
internal sealed partial class DropsJsonContext : JsonSerializerContext;
