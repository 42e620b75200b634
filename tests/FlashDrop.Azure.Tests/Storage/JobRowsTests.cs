using CsCheck;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class JobRowsTests
{
    private static readonly Gen<DateTimeOffset> Times =
        Gen.Long[0, TimeSpan.TicksPerDay * 365].Select(ticks => TestJobs.Noon.AddTicks(ticks));

    private static readonly Gen<decimal> Amounts = Gen.Select(Gen.Long[0, long.MaxValue], Gen.Int[0, 18])
        .Select((units, scale) => new decimal((int)units, (int)(units >> 32), 0, false, (byte)scale));

    private static readonly Gen<TokenUsage> Tokens =
        Gen.Select(Gen.Long[0, long.MaxValue / 2], Gen.Long[0, 1000], Gen.String[Gen.Char.AlphaNumeric, 0, 10]).Select((large, small, modality) => new TokenUsage
        {
            PromptTokens = large,
            CachedTokens = small,
            CandidatesTokens = small * 2,
            ThoughtsTokens = small * 3,
            ToolUsePromptTokens = small * 4,
            TotalTokens = large + small,
            PromptDetails = [new ModalityTokens(modality, large), new ModalityTokens("TEXT", small)],
            CacheDetails = small % 2 == 0 ? [] : [new ModalityTokens("TEXT", small)],
        });

    private static readonly Gen<UsageRecord> Usage =
        Gen.Select(Gen.String[Gen.Char[' ', '퟿'], 1, 600], Times, Tokens, Amounts, Gen.Bool, Gen.Bool, Gen.Enum<JobOrigin>(), Gen.Enum<Tier>())
            .Select((id, time, tokens, amount, known, flag, origin, tier) => TestJobs.Usage(TestJobs.Id(time, 1), id) with
            {
                At = time,
                Usage = known ? tokens : null,
                CostUsd = known ? amount : null,
                ListUsd = flag ? amount : null,
                ForeignModel = flag,
                Unpriced = !flag,
                Late = known,
                Origin = origin,
                Tier = tier,
                MediaSeconds = known ? amount == 0 ? 0 : (double)amount : null,
            });

    [Fact]
    public void Any_usage_survives_its_row() =>
        Usage.Sample(usage => PortJson.Write(JobRows.ToUsage(JobRows.FromUsage(usage, "w"))) == PortJson.Write(usage));

    [Fact]
    public void Any_job_survives_its_row_and_its_message() =>
        Gen.Select(Usage, Gen.Enum<JobState>(), Gen.String[Gen.Char[' ', '퟿'], 0, 200], Gen.Int[0, 25_000]).Sample(
            (usage, state, text, padding) =>
            {
                var job = TestJobs.Succeeded(TestJobs.Job(usage.JobId), usage) with
                {
                    State = state,
                    ResultName = text,
                    Error = new JobError(text, string.Concat(Enumerable.Repeat("🎧", padding)), text) { UpstreamCode = text },
                    Tags = new Dictionary<string, string>(StringComparer.Ordinal) { [text] = text },
                };
                var json = PortJson.Write(job);
                var message = PortJson.Write(new PollMessage(job, "W/\"1\"", 3, TraceParent: null));
                return PortJson.Write(JobRows.ToJob(JobRows.FromJob(job, "w"))) == json
                    && PortJson.TryReadPoll(message, out var read)
                    && PortJson.Write(read.Job) == json;
            },
            iter: 50);

    [Fact]
    public void Row_names_what_people_look_for()
    {
        var usage = TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1, shard: 10), "task/1");

        var row = JobRows.FromUsage(usage, "w");
        var job = JobRows.FromJob(TestJobs.Succeeded(TestJobs.Job(usage.JobId), usage), "w");

        Assert.Equal("20260314-a", row.PartitionKey);
        Assert.Equal("usage:task~002f1", row.RowKey);
        Assert.Equal(5_000_000_000L, row["PromptTokens"]);
        Assert.Equal(300L, row["ThoughtsTokens"]);
        Assert.Equal("0.000123456789", row["CostUsd"]);
        Assert.Equal("0.0200", row["ListUsd"]);
        Assert.Equal("""[{"modality":"AUDIO","tokens":400},{"modality":"TEXT","tokens":100}]""", row["PromptDetails"]);
        Assert.Equal($"job:{usage.JobId}", job.RowKey);
        Assert.Equal("Succeeded", job["State"]);
        Assert.Equal("0.000123456789", job["CostUsd"]);
        Assert.Equal(TestJobs.Noon, job["AcceptedAt"]);
    }

    [Fact]
    public void Job_that_fits_no_row_is_refused_with_its_size()
    {
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)) with { Error = new JobError("x", new string('x', 460_000), "x") };

        var refused = Assert.Throws<ArgumentException>(() => JobRows.FromJob(job, "w"));
        Assert.Contains("450000", refused.Message, StringComparison.Ordinal);
    }
}
