namespace FlashDrop.Gateway;

/// <summary>
/// Route templates of the HTTP functions, without a leading slash; the parameter is <c>id</c> unless said otherwise. The dashboard's pages
/// are in <see cref="Dashboard.DashboardRoutes"/>.
/// </summary>
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

    /// <summary><c>GET</c>: the callers. <c>POST</c>: a new one.</summary>
    public const string Callers = "api/callers";

    /// <summary><c>GET</c>: a caller. <c>PATCH</c>: changes it. <c>DELETE</c>: removes it. The parameter is <c>name</c>, here and below.</summary>
    public const string Caller = "api/callers/{name}";

    /// <summary><c>POST</c>: a new key for a caller.</summary>
    public const string CallerRotate = "api/callers/{name}/rotate";

    /// <summary><c>POST</c>: its keys are refused.</summary>
    public const string CallerDisable = "api/callers/{name}/disable";

    /// <summary><c>POST</c>: its keys are accepted again.</summary>
    public const string CallerEnable = "api/callers/{name}/enable";

    /// <summary><c>GET</c>: the models, in Google's format.</summary>
    public const string NativeModels = "v1beta/models";

    /// <summary><c>POST</c>: <c>{model}:{method}</c>. <c>GET</c>: a model. The parameter is <c>rest</c>: a model's name may hold slashes.</summary>
    public const string NativeModel = "v1beta/models/{*rest}";

    /// <summary>Google's explicit caches, which do not exist here; likewise the next three.</summary>
    public const string NativeCaches = "v1beta/cachedContents/{*rest}";

    /// <summary>Google's batches.</summary>
    public const string NativeBatches = "v1beta/batches/{*rest}";

    /// <summary>Google's stored files.</summary>
    public const string NativeFiles = "v1beta/files/{*rest}";

    /// <summary>Google's resumable uploads.</summary>
    public const string NativeUploads = "upload/v1beta/files";

    /// <summary><c>POST</c>: a chat completion in OpenAI's format.</summary>
    public const string ChatCompletions = "v1/chat/completions";

    /// <summary><c>GET</c>: the models, in OpenAI's format.</summary>
    public const string Models = "v1/models";

    /// <summary><c>GET</c>: a model, in OpenAI's format. <c>POST</c>: as <see cref="NativeModel"/>; Google's newer clients leave the "beta" out.</summary>
    public const string Model = "v1/models/{*id}";

    /// <summary><c>GET</c>: a request that was accepted with <c>X-Async-Mode: true</c>.</summary>
    public const string Task = "v1/tasks/{id}";

    /// <summary><c>GET</c>: whether the process runs. Needs no key.</summary>
    public const string HealthLive = "health/live";

    /// <summary><c>GET</c>: whether what it depends on answers. Needs no key.</summary>
    public const string HealthReady = "health/ready";

    /// <summary><c>GET</c>: the OpenAPI document.</summary>
    public const string OpenApi = "openapi.json";
}
