namespace FlashDrop.Gateway;

/// <summary>Route templates of the API's HTTP functions, without a leading slash. The dashboard's pages are in <see cref="Dashboard.DashboardRoutes"/>.</summary>
public static class Routes
{
    /// <summary><c>POST</c>: accept a job. <c>GET</c>: list jobs.</summary>
    public const string Jobs = "api/jobs";

    /// <summary><c>GET</c>: a job. <c>DELETE</c>: cancel it.</summary>
    public const string Job = "api/jobs/{id}";

    /// <summary><c>GET</c>: the result or error envelope, or the bare answer.</summary>
    public const string JobResult = "api/jobs/{id}/result";

    /// <summary><c>POST</c>: a signed URL to upload a large input to.</summary>
    public const string Uploads = "api/uploads";

    /// <summary><c>POST</c>: another attempt of a failed job.</summary>
    public const string JobRetry = "api/jobs/{id}/retry";

    /// <summary><c>POST</c>: nothing more is to be done about a failed job.</summary>
    public const string JobDiscard = "api/jobs/{id}/discard";

    /// <summary><c>GET</c>: failed jobs nobody has discarded.</summary>
    public const string DeadLetters = "api/dead-letters";

    /// <summary><c>POST</c>: puts a file into <c>inbox</c>.</summary>
    public const string Drop = "api/drops/{profile}/{name}";

    /// <summary><c>GET</c>: sums of usage and cost.</summary>
    public const string Usage = "api/usage";

    /// <summary><c>GET</c>: the reports there are.</summary>
    public const string Reports = "api/reports";

    /// <summary><c>GET</c>: one file of a report.</summary>
    public const string Report = "api/reports/{kind}/{period}/{file}";

    /// <summary><c>GET</c>: who the key's caller is and what it may do.</summary>
    public const string Me = "api/me";

    /// <summary><c>GET</c>: whether the process runs. Needs no key.</summary>
    public const string HealthLive = "health/live";

    /// <summary><c>GET</c>: whether what it depends on answers. Needs no key.</summary>
    public const string HealthReady = "health/ready";

    /// <summary><c>GET</c>: the OpenAPI document.</summary>
    public const string OpenApi = "openapi.json";
}
