namespace FlashDrop.Infra.Tests;

/// <summary>The comparison of <see cref="ContractTests"/> finds a disagreement on either side, shown on a small complete code base.</summary>
public sealed class ContractMistakeTests
{
    private const string Code = """
        public static class Containers
        {
            public const string Inbox = "inbox";
            public const string Profiles = "profiles";
            public const string Requests = "requests";
            public const string Results = "results";
            public const string Reports = "reports";
            public static IReadOnlyList<string> All { get; } = [Inbox, Profiles, Requests, Results, Reports];
        }

        public static class Queues
        {
            public const string Submit = "submit";
            public const string PoisonSuffix = "-poison";
            public static IReadOnlyList<string> All { get; } = [Submit, "poll", "webhook", Submit + PoisonSuffix, "poll-poison", "webhook-poison", "webjobs-blobtrigger-poison"];
        }

        public sealed class Tables
        {
            public const string JobsTable = "jobs";
            public const string CallersTable = "callers";
        }

        public sealed class KeyVaultOptions
        {
            public const string Section = Names.Root + ":KeyVault";
            public string? VaultUri { get; set; }
            [Required]
            public string SecretName { get; set; } = "evolink-api-key";
            [Required]
            public string Format { get; set; } = "text";
        }

        public static class Names
        {
            public const string Root = "FlashDrop";
        }

        public sealed class UpstreamOptions
        {
            public const string Section = "FlashDrop:Upstream";
            public Uri GenerateBaseUrl { get; set; }
            public Uri TasksBaseUrl { get; set; } = new("https://localhost");
            public Dictionary<Tier, string> Models { get; set; } = new();
        }

        public sealed class CallersOptions
        {
            public const string Section = "FlashDrop:Callers";
            public IDictionary<string, CallerSettings> Callers { get; } = new Dictionary<string, CallerSettings>();
        }

        public sealed class CallerSettings
        {
            public IList<string> KeyHashes { get; init; } = [];
            public bool Admin { get; set; }
        }

        public sealed class Functions
        {
            [Function(nameof(InboxDrop))]
            public Task InboxDrop([BlobTrigger(Containers.Inbox + "/{path}")] BlobClient drop) { }
            [Function("Submit")]
            public Task Submit([QueueTrigger(Queues.Submit)] string message) { }
            [Function(nameof(PollTasks))]
            public Task PollTasks([TimerTrigger("%PollTasksSchedule%")] TimerInfo timer) { }
            [Function(nameof(Sweep))]
            public Task Sweep([TimerTrigger("%SweepSchedule%")] TimerInfo timer) { }
            [Function(nameof(DailyReport))]
            public Task DailyReport([TimerTrigger("%DailyReportSchedule%")] TimerInfo timer) { }
            [Function(nameof(Purge))]
            public Task Purge([TimerTrigger("%PurgeSchedule%")] TimerInfo timer) { }
            private readonly Counter<double> _cost = meter.CreateCounter<double>("flashdrop.cost");
            private readonly Counter<long> _jobs = meter.CreateCounter<long>("flashdrop.jobs");
            private readonly Histogram<double> _calls = meter.CreateHistogram<double>("gen_ai.client.operation.duration");
            private readonly Histogram<double> _requests = meter.CreateHistogram<double>("gen_ai.server.request.duration");
            private static readonly string[] Tags = ["error.type", "flashdrop.tier"];
            private static readonly string[] Codes = ["upstream_balance", "upstream_unauthorized", "upstream_account", "upstream_key"];
        }
        """;

    [Fact]
    public async Task Code_that_agrees_gives_nothing() => Assert.Equal("", await DisagreementsAsync(Code));

    [Theory]
    [InlineData("SecretName", "KeyName", "FlashDrop__KeyVault__SecretName is not a property of KeyVaultOptions")]
    [InlineData("Names.Root + \":KeyVault\"", "Names.Root + \":Vault\"", "FlashDrop__KeyVault__VaultUri is in no section")]
    [InlineData("Dictionary<Tier, string> Models", "Dictionary<Tier, string> Names", "FlashDrop__Upstream__Models__Beta is not a property")]
    [InlineData("Dictionary<Tier, string> Models", "string Models", "FlashDrop__Upstream__Models__Beta is not a property")]
    [InlineData("IList<string> KeyHashes", "IList<string> Hashes", "FlashDrop__Callers__admin__KeyHashes__0 is not a property")]
    [InlineData("%SweepSchedule%", "%CleanSchedule%", "SweepSchedule is no timer's schedule")]
    [InlineData("%SweepSchedule%", "%CleanSchedule%", "the schedule CleanSchedule is not set")]
    [InlineData("public string? VaultUri", "public required string Tenant { get; set; } public string? VaultUri", "FlashDrop__KeyVault__Tenant has no default")]
    [InlineData("public string? VaultUri", "public string Tenant { get; set; } public string? VaultUri", "FlashDrop__KeyVault__Tenant has no default")]
    [InlineData("public string? VaultUri", "[Required] public string? Tenant { get; set; } public string? VaultUri", "FlashDrop__KeyVault__Tenant has no default")]
    [InlineData("\"reports\"", "\"report\"", "the container report is used and not deployed")]
    [InlineData("Results, Reports]", "Results]", "the container reports is deployed and not used")]
    [InlineData("\"-poison\"", "\"-dead\"", "the queue submit-dead is used and not deployed")]
    [InlineData("JobsTable = \"jobs\"", "JobsTable = \"tasks\"", "the table tasks is used and not deployed")]
    [InlineData("QueueTrigger(Queues.Submit)", "QueueTrigger(\"submits\")", "the queue submits, which is not deployed")]
    [InlineData("BlobTrigger(Containers.Inbox + ", "BlobTrigger(\"drops\" + ", "the container drops, which is not deployed")]
    [InlineData("nameof(PollTasks)", "\"Poll\"", "no-polls looks for PollTasks, which nobody writes")]
    [InlineData("upstream_balance", "upstream_empty", "upstream-account looks for upstream_balance, which nobody writes")]
    [InlineData("flashdrop.tier", "flashdrop.model", "workbook: upstream-latency looks for flashdrop.tier, which nobody writes")]
    [InlineData("flashdrop.cost", "flashdrop.price", "spend-above-budget looks for flashdrop.cost, which nobody writes")]
    public async Task A_disagreement_is_found(string old, string @new, string expected)
    {
        Assert.Contains(old, Code, StringComparison.Ordinal);

        Assert.Contains(expected, await DisagreementsAsync(Code.Replace(old, @new, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private static async Task<string> DisagreementsAsync(string code)
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(TestContext.Current.CancellationToken);
        Contract contract = new(infrastructure, new SourceCode([("src/FlashDrop.Azure/All.cs", code)])) { IsCodeComplete = true };
        return string.Join(
            "\n",
            contract.SettingsNobodyReads()
                .Concat(contract.SettingsNobodyGives())
                .Concat(contract.StorageNamesThatDiffer())
                .Concat(contract.NamesNobodyWrites(infrastructure.Queries)));
    }
}
