using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>One thing somebody wants: a drop or a request, carried out until it is accepted, however often the host or storage dies.</summary>
internal sealed record ChaosWork
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private static readonly (string Profile, string Sample)[] Samples =
    [
        ("default", "default/harbour.jpg"), ("product-photo", "default/harbour.jpg"), ("moderation", "default/chart.png"),
        ("document-summary", "default/invoice.pdf"), ("default", "default/clip.mp4"), ("transcript", "meeting-notes/standup.mp3"),
        ("ticket-triage", "default/notes.txt"), ("default", "default/notes.txt"),
    ];

    private static readonly string[] Tiers = ["standard", "beta", "beta-then-standard"];

    private static readonly string[] AskedProfiles = ["default", "default", "moderation", "ticket-triage", "document-summary"];

    /// <summary>Number of the work, from 0.</summary>
    public required int Number { get; init; }

    /// <summary>Name of the drop in <c>inbox</c>; null for a request.</summary>
    public string? Path { get; init; }

    /// <summary>What is dropped.</summary>
    public byte[] Content { get; init; } = [];

    /// <summary>Tier asked for.</summary>
    public required string Tier { get; init; }

    /// <summary>Body of the request; null for a drop.</summary>
    public string? Body { get; init; }

    /// <summary>After how long the job is cancelled by its caller; null for never.</summary>
    public TimeSpan? CancelAfter { get; init; }

    /// <summary>Key under which the request is repeated.</summary>
    public string Key => $"chaos-{Number:d5}-key";

    /// <summary>The mix: half drops of every kind, half requests; one in ten is cancelled, one drop in twenty cannot be used.</summary>
    public static ChaosWork Of(int number, Random random)
    {
        var tier = Tiers[random.Next(Tiers.Length)];
        if (random.Next(2) == 0)
        {
            var (profile, sample) = Samples[random.Next(Samples.Length)];
            var unusable = random.Next(20) == 0;
            return new ChaosWork
            {
                Number = number,
                Tier = tier,
                Path = $"{profile}/{number:d5}{System.IO.Path.GetExtension(sample)}",
                Content = unusable ? [] : File.ReadAllBytes(System.IO.Path.Combine(LocalHostProcess.Samples, sample)),
            };
        }

        return new ChaosWork
        {
            Number = number,
            Tier = tier,
            Body = JsonSerializer.Serialize(new
            {
                profile = AskedProfiles[random.Next(AskedProfiles.Length)],
                tier,
                prompt = $"Question {number}: what is the total?",
                inputs = new object[] { new { kind = "text", text = $"Line {number}, {random.Next()}: 12 mugs at 3.20 each." } },
                tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["work"] = $"{number}" },
            }),
            CancelAfter = random.Next(5) == 0 ? TimeSpan.FromMilliseconds(random.Next(3000)) : null,
        };
    }

    /// <summary>Puts the file into the inbox, as one version, whatever happens to the answers.</summary>
    public async Task<JobId> DropAsync(BlobContainerClient inbox, CancellationToken cancellationToken)
    {
        var blob = inbox.GetBlobClient(Path!);
        var options = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["tier"] = Tier },
        };
        while (true)
        {
            try
            {
                try
                {
                    await blob.UploadAsync(new MemoryStream(Content), options, cancellationToken);
                }
                catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.BlobAlreadyExists)
                {
                    // The answer to an earlier try was lost.
                }

                BlobProperties properties = await blob.GetPropertiesAsync(cancellationToken: cancellationToken);
                return JobId.ForDrop(Containers.Inbox, Path!, properties.ETag.ToString(), properties.LastModified);
            }
            catch (Exception exception) when (exception is RequestFailedException or AggregateException)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>Sends the request under its key until it is accepted.</summary>
    /// <param name="send">Sends to the host that lives now; null when there was no answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<JobId> AskAsync(Func<HttpRequestMessage, Task<HttpResponseMessage?>> send, CancellationToken cancellationToken)
    {
        using var accepted = await UntilAsync(
            send, () => Request(), [HttpStatusCode.OK, HttpStatusCode.Accepted], cancellationToken);
        using var job = await accepted.Content.ReadFromJsonAsync<JsonDocument>(cancellationToken);
        return JobId.Parse(job!.RootElement.GetProperty("id").GetString()!);
    }

    /// <summary>Cancels until it is answered.</summary>
    /// <returns>Whether the job is cancelled; false when it had ended before.</returns>
    public static async Task<bool> CancelAsync(JobId id, Func<HttpRequestMessage, Task<HttpResponseMessage?>> send, CancellationToken cancellationToken)
    {
        using var answer = await UntilAsync(send, () => new HttpRequestMessage(HttpMethod.Delete, $"api/jobs/{id}"), [HttpStatusCode.OK], cancellationToken);
        using var job = await answer.Content.ReadFromJsonAsync<JsonDocument>(cancellationToken);
        return job!.RootElement.GetProperty("state").GetString() == nameof(JobState.Cancelled);
    }

    private HttpRequestMessage Request()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs") { Content = new StringContent(Body!, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", Key);
        return request;
    }

    private static async Task<HttpResponseMessage> UntilAsync(
        Func<HttpRequestMessage, Task<HttpResponseMessage?>> send, Func<HttpRequestMessage> make, HttpStatusCode[] wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var request = make();
            if (await send(request) is { } response)
            {
                if (wanted.Contains(response.StatusCode))
                {
                    return response;
                }

                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                var status = response.StatusCode;
                response.Dispose();

                // A host in trouble says so; anything else is a refusal, which no repetition mends.
                Assert.True((int)status >= 500 || status == HttpStatusCode.TooManyRequests, $"{request.Method} {request.RequestUri} was refused: {(int)status} {body}");
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }
}
