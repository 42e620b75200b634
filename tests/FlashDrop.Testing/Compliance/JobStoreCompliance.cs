using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every job store does. Each test gets a store of its own.</summary>
public abstract class JobStoreCompliance
{
    private static readonly DateOnly Day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<IJobStore> CreateAsync();

    [Fact]
    public async Task Added_job_is_found_as_it_was_with_the_version_that_was_returned()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));

        var version = await store.AddAsync(job, Stop);
        var found = await store.FindAsync(job.Id, Stop);

        Assert.NotNull(version);
        Assert.NotNull(found);
        Assert.Equal(version, found.Version);
        Assert.Equal(PortJson.Write(job), PortJson.Write(found.Job));
    }

    [Fact]
    public async Task Unknown_job_is_not_found()
    {
        var store = await CreateAsync();

        Assert.Null(await store.FindAsync(TestJobs.Id(TestJobs.Noon, 1), Stop));
    }

    [Fact]
    public async Task Second_job_with_an_id_is_refused_and_the_first_stays()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        await store.AddAsync(job, Stop);

        Assert.Null(await store.AddAsync(job with { Caller = "other", DueAt = job.DueAt.AddHours(1) }, Stop));

        Assert.Equal(job.Caller, (await store.FindAsync(job.Id, Stop))!.Job.Caller);
        Assert.Equal([new ActiveJob(job.Id, job.DueAt)], await ActiveAsync(store));
    }

    [Fact]
    public async Task Concurrent_adds_of_one_id_have_one_winner()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));

        var versions = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            Task.Run(() => store.AddAsync(job with { Attempt = number + 1 }, Stop), Stop)));

        Assert.Single(versions, version => version is not null);
    }

    [Fact]
    public async Task Job_that_begins_terminal_has_no_active_row()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1), JobState.Failed);

        Assert.NotNull(await store.AddAsync(job, Stop));

        Assert.Empty(await ActiveAsync(store));
    }

    [Fact]
    public async Task Update_of_the_current_version_replaces_job_and_due_time_and_gives_a_new_version()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var first = await store.AddAsync(job, Stop);
        var changed = job with { State = JobState.Submitted, TaskId = "task-1", DueAt = job.DueAt.AddMinutes(5) };

        var second = await store.UpdateAsync(changed, first!, [], Stop);

        var found = await store.FindAsync(job.Id, Stop);
        Assert.NotNull(second);
        Assert.NotEqual(first, second, StringComparer.Ordinal);
        Assert.Equal(second, found!.Version);
        Assert.Equal(PortJson.Write(changed), PortJson.Write(found.Job));
        Assert.Equal([new ActiveJob(job.Id, changed.DueAt)], await ActiveAsync(store));
    }

    [Fact]
    public async Task Update_of_an_old_version_changes_nothing_and_writes_no_usage()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var first = await store.AddAsync(job, Stop);
        var current = await store.UpdateAsync(job with { TaskId = "mine" }, first!, [], Stop);

        var refused = await store.UpdateAsync(
            job with { State = JobState.Failed }, first!, [TestJobs.Usage(job.Id, "task-1")], Stop);

        var found = await store.FindAsync(job.Id, Stop);
        Assert.Null(refused);
        Assert.Equal(current, found!.Version);
        Assert.Equal("mine", found.Job.TaskId);
        Assert.Empty(await UsageAsync(store));
        Assert.Single(await ActiveAsync(store));
    }

    [Fact]
    public async Task Update_of_a_deleted_job_is_refused()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var version = await store.AddAsync(job, Stop);
        await store.DeleteAsync(job.Id, Stop);

        Assert.Null(await store.UpdateAsync(job, version!, [], Stop));
        Assert.Null(await store.FindAsync(job.Id, Stop));
        Assert.Empty(await ActiveAsync(store));
    }

    [Fact]
    public async Task Completion_writes_usage_and_removes_the_active_row()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-unified-1757156493-imcg5zqt");
        var version = await store.AddAsync(job, Stop);

        Assert.NotNull(await store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage], Stop));

        var found = await store.FindAsync(job.Id, Stop);
        Assert.Equal(PortJson.Write(TestJobs.Succeeded(job, usage)), PortJson.Write(found!.Job));
        Assert.Empty(await ActiveAsync(store));
        Assert.Equal(PortJson.Write(usage), PortJson.Write(Assert.Single(await UsageAsync(store))));
    }

    [Fact]
    public async Task Concurrent_completions_have_one_winner_and_meter_once()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-1");
        var version = await store.AddAsync(job, Stop);

        var versions = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage], Stop), Stop)));

        Assert.Single(versions, written => written is not null);
        Assert.Single(await UsageAsync(store));
        Assert.Empty(await ActiveAsync(store));
    }

    [Fact]
    public async Task Usage_that_is_there_already_stays_and_does_not_stop_the_completion()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var early = TestJobs.Usage(job.Id, "task-1") with { CostUsd = 1m };
        var version = await store.AddAsync(job, Stop);
        Assert.True(await store.AddUsageAsync(early, Stop));

        var updated = await store.UpdateAsync(
            TestJobs.Succeeded(job, early),
            version!,
            [TestJobs.Usage(job.Id, "task-0"), early with { CostUsd = 2m }, TestJobs.Usage(job.Id, "task-2")],
            Stop);

        Assert.NotNull(updated);
        Assert.Equal(updated, (await store.FindAsync(job.Id, Stop))!.Version);
        var usage = await UsageAsync(store);
        Assert.Equal(["task-0", "task-1", "task-2"], usage.Select(record => record.Id), StringComparer.Ordinal);
        Assert.Equal(1m, usage[1].CostUsd);
        Assert.Empty(await ActiveAsync(store));
    }

    [Fact]
    public async Task Usage_listed_twice_in_one_update_is_written_once()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-1");
        var version = await store.AddAsync(job, Stop);

        Assert.NotNull(await store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage, usage], Stop));
        Assert.Single(await UsageAsync(store));
    }

    [Fact]
    public async Task Usage_of_another_partition_is_refused_before_anything_is_written()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var version = await store.AddAsync(job, Stop);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            store.UpdateAsync(job, version!, [TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 2, shard: 3), "task-1")], Stop));
        Assert.Equal(version, (await store.FindAsync(job.Id, Stop))!.Version);
    }

    [Fact]
    public async Task Terminal_job_can_be_updated_again()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1), JobState.Cancelled);
        var version = await store.AddAsync(job, Stop);

        Assert.NotNull(await store.UpdateAsync(job with { CostUsd = 1.50m }, version!, [TestJobs.Usage(job.Id, "task-1")], Stop));

        Assert.Equal(1.50m, (await store.FindAsync(job.Id, Stop))!.Job.CostUsd);
        Assert.Single(await UsageAsync(store));
    }

    [Fact]
    public async Task Usage_is_added_once_per_id_and_partition()
    {
        var store = await CreateAsync();
        var id = TestJobs.Id(TestJobs.Noon, 1);
        var usage = TestJobs.Usage(id, "task-1");

        Assert.True(await store.AddUsageAsync(usage, Stop));
        Assert.False(await store.AddUsageAsync(usage with { CostUsd = 9m }, Stop));
        Assert.True(await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1, shard: 1), "task-1"), Stop));

        var listed = await UsageAsync(store);
        Assert.Equal(2, listed.Count);
        Assert.DoesNotContain(listed, record => record.CostUsd == 9m);
    }

    [Fact]
    public async Task Usage_without_counts_or_cost_comes_back_unknown()
    {
        var store = await CreateAsync();
        var usage = TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), "task-1") with
        {
            Usage = null,
            CostUsd = null,
            ListUsd = null,
            ModelVersion = null,
            MediaSeconds = null,
            MediaKind = null,
            PriceRow = null,
        };

        await store.AddUsageAsync(usage, Stop);

        Assert.Equal(PortJson.Write(usage), PortJson.Write(Assert.Single(await UsageAsync(store))));
    }

    [Theory]
    [InlineData("a/b\\c#d?e")]
    [InlineData("task 100%\t~ä🎧'\"&+")]
    [InlineData("\u0000\u0085")]
    [InlineData("~0041")]
    public async Task Usage_ids_may_have_any_characters(string id)
    {
        var store = await CreateAsync();
        var usage = TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), id);

        Assert.True(await store.AddUsageAsync(usage, Stop));
        Assert.False(await store.AddUsageAsync(usage, Stop));

        Assert.Equal(id, Assert.Single(await UsageAsync(store)).Id);
    }

    [Fact]
    public async Task Usage_ids_may_be_long()
    {
        var store = await CreateAsync();
        var id = new string('x', 3000) + "/";

        Assert.True(await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), id), Stop));
        Assert.True(await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), id + "y"), Stop));

        Assert.Equal([id, id + "y"], (await UsageAsync(store)).Select(record => record.Id).OrderBy(text => text.Length), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Job_with_much_state_comes_back_whole()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)) with
        {
            Error = new JobError("upstream_error", string.Concat(Enumerable.Repeat("a🎧", 30_001)), "Drop it again."),
        };

        await store.AddAsync(job, Stop);

        Assert.Equal(PortJson.Write(job), PortJson.Write((await store.FindAsync(job.Id, Stop))!.Job));
    }

    [Fact]
    public async Task Job_without_a_due_time_is_active_since_ever()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)) with { DueAt = default };

        await store.AddAsync(job, Stop);

        Assert.Equal([new ActiveJob(job.Id, default)], await ActiveAsync(store));
    }

    [Fact]
    public async Task Active_jobs_are_listed_by_day_and_due_time()
    {
        var store = await CreateAsync();
        var due = new List<JobId>();
        for (var number = 0; number < 20; number++)
        {
            var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon.AddDays(number % 3), number, shard: number % 16));
            var isDue = number % 2 == 0;
            job = job with { DueAt = TestJobs.Noon.AddSeconds(isDue ? -1 : 0) };
            await store.AddAsync(job, Stop);
            if (isDue && number % 3 < 2)
            {
                due.Add(job.Id);
            }
        }

        var listed = await store.ListActiveAsync(Day, Day.AddDays(1), TestJobs.Noon, Stop).ToListAsync(Stop);

        Assert.Equal(due.Order(), listed.Select(active => active.Id).Order());
    }

    [Fact]
    public async Task Missing_jobs_are_found_across_partitions()
    {
        var store = await CreateAsync();
        var ids = Enumerable.Range(0, 40).Select(number => TestJobs.Id(TestJobs.Noon.AddHours(number), number, shard: number % 5)).ToList();
        foreach (var id in ids.Where((_, number) => number % 4 == 0))
        {
            await store.AddAsync(TestJobs.Job(id), Stop);
        }

        var missing = await store.FindMissingAsync(ids, Stop);

        Assert.Equal(ids.Where((_, number) => number % 4 != 0).Order(), missing.Order());
        Assert.Empty(await store.FindMissingAsync([], Stop));
    }

    [Fact]
    public async Task Usage_without_a_job_does_not_make_a_job_exist()
    {
        var store = await CreateAsync();
        var id = TestJobs.Id(TestJobs.Noon, 1);
        await store.AddUsageAsync(TestJobs.Usage(id, id.ToString()), Stop);

        Assert.Equal([id], await store.FindMissingAsync([id], Stop));
        Assert.Null(await store.FindAsync(id, Stop));
    }

    [Fact]
    public async Task Jobs_and_usage_of_a_day_are_listed_and_no_others()
    {
        var store = await CreateAsync();
        for (var number = 0; number < 32; number++)
        {
            var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon.AddDays(number % 2), number, shard: number / 2));
            await store.AddAsync(job, Stop);
            await store.AddUsageAsync(TestJobs.Usage(job.Id, $"task-{number}"), Stop);
        }

        var jobs = await store.ListJobsAsync(Day, Stop).ToListAsync(Stop);
        var usage = await store.ListUsageAsync(Day, Stop).ToListAsync(Stop);

        Assert.Equal(16, jobs.Count);
        Assert.All(jobs, job => Assert.Equal(Day, DateOnly.FromDateTime(job.Id.Time.UtcDateTime)));
        Assert.Equal(jobs.Select(job => job.Id).Order(), usage.Select(record => record.JobId).Order());
        Assert.Empty(await store.ListJobsAsync(Day.AddDays(7), Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task Listing_can_be_given_up_half_way()
    {
        var store = await CreateAsync();
        for (var number = 0; number < 20; number++)
        {
            await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, number, shard: number % 16)), Stop);
        }

        await foreach (var job in store.ListJobsAsync(Day, Stop))
        {
            Assert.NotNull(job);
            break;
        }
    }

    [Fact]
    public async Task Pages_cover_every_matching_job_once_newest_first_within_a_shard()
    {
        var store = await CreateAsync();
        var expected = new List<JobId>();
        for (var number = 0; number < 60; number++)
        {
            var mine = number % 3 != 0;
            var id = TestJobs.Id(TestJobs.Noon.AddDays(-(number % 2)).AddSeconds(number), number, shard: number % 3);
            await store.AddAsync(TestJobs.Job(id) with { Caller = mine ? "o'brien" : "other" }, Stop);
            if (mine)
            {
                expected.Add(id);
            }
        }

        var query = new JobQuery { From = Day.AddDays(-1), To = Day, Caller = "o'brien", PageSize = 7 };
        var listed = new List<JobId>();
        var pages = 0;
        do
        {
            var page = await store.ListAsync(query, Stop);
            Assert.InRange(page.Jobs.Count, 0, 7);
            listed.AddRange(page.Jobs.Select(job => job.Id));
            query = query with { Cursor = page.Cursor };
            Assert.True(++pages < 50);
        }
        while (query.Cursor is not null);

        Assert.Equal(expected.Order(), listed.Order());
        Assert.Equal(listed.Select(id => DateOnly.FromDateTime(id.Time.UtcDateTime)).OrderDescending(), listed.Select(id => DateOnly.FromDateTime(id.Time.UtcDateTime)));
        foreach (var partition in listed.GroupBy(id => id.Partition, StringComparer.Ordinal))
        {
            Assert.Equal(partition.OrderDescending(), partition);
        }
    }

    [Fact]
    public async Task Pages_filter_by_state_and_profile()
    {
        var store = await CreateAsync();
        var held = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1), JobState.Held) with { Profile = "a" };
        await store.AddAsync(held, Stop);
        await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 2), JobState.Held) with { Profile = "b" }, Stop);
        await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 3)) with { Profile = "a" }, Stop);

        var page = await store.ListAsync(new JobQuery { From = Day, To = Day, State = JobState.Held, Profile = "a" }, Stop);

        Assert.Equal(held.Id, Assert.Single(page.Jobs).Id);
        Assert.Null(page.Cursor);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not-a-cursor")]
    [InlineData("MS4yMDI2MDMxNC0wLg==")]
    public async Task Cursor_of_somebody_else_is_refused(string cursor)
    {
        var store = await CreateAsync();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            store.ListAsync(new JobQuery { From = Day, To = Day, Cursor = cursor }, Stop));
    }

    [Fact]
    public async Task Cursor_of_other_days_is_refused()
    {
        var store = await CreateAsync();
        var cursor = new JobCursor(Day, 3, null).ToString();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            store.ListAsync(new JobQuery { From = Day.AddDays(1), To = Day.AddDays(2), Cursor = cursor }, Stop));
    }

    [Fact]
    public async Task Deleted_job_is_gone_its_usage_stays_and_deleting_again_is_no_error()
    {
        var store = await CreateAsync();
        var active = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var done = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 2), JobState.Succeeded);
        await store.AddAsync(active, Stop);
        await store.AddAsync(done, Stop);
        await store.AddUsageAsync(TestJobs.Usage(done.Id, "task-1"), Stop);

        await store.DeleteAsync(active.Id, Stop);
        await store.DeleteAsync(done.Id, Stop);
        await store.DeleteAsync(done.Id, Stop);

        Assert.Null(await store.FindAsync(active.Id, Stop));
        Assert.Null(await store.FindAsync(done.Id, Stop));
        Assert.Empty(await ActiveAsync(store));
        Assert.Single(await UsageAsync(store));
    }

    [Fact]
    public async Task Purging_a_days_jobs_removes_the_terminal_ones_only_and_no_usage()
    {
        var store = await CreateAsync();
        for (var number = 0; number < 250; number++)
        {
            var state = number % 3 == 0 ? JobState.Cancelled : number % 3 == 1 ? JobState.Failed : JobState.Succeeded;
            await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon.AddSeconds(number), number, shard: number % 2), state), Stop);
        }

        JobState[] active = [JobState.Queued, JobState.Submitted, JobState.Held];
        foreach (var state in active)
        {
            await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1_000 + (int)state, shard: (int)state), state), Stop);
        }

        var otherDay = TestJobs.Job(TestJobs.Id(TestJobs.Noon.AddDays(1), 1), JobState.Succeeded);
        await store.AddAsync(otherDay, Stop);
        await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), "task-1"), Stop);

        Assert.Equal(new DayPurge(250, 3, More: false), await store.PurgeDayAsync(Day, PurgeRows.Jobs, 10_000, Stop));
        Assert.Equal(new DayPurge(0, 3, More: false), await store.PurgeDayAsync(Day, PurgeRows.Jobs, 10_000, Stop));
        Assert.Equal(active.Order(), (await store.ListJobsAsync(Day, Stop).ToListAsync(Stop)).Select(job => job.State).Order());
        Assert.Equal(3, (await ActiveAsync(store)).Count);
        Assert.Single(await UsageAsync(store));
        Assert.NotNull(await store.FindAsync(otherDay.Id, Stop));
    }

    [Fact]
    public async Task Purging_a_days_usage_leaves_its_jobs_alone()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1), JobState.Succeeded);
        await store.AddAsync(job, Stop);
        for (var number = 0; number < 120; number++)
        {
            await store.AddUsageAsync(TestJobs.Usage(job.Id, $"task-{number}"), Stop);
        }

        Assert.Equal(new DayPurge(120, 0, More: false), await store.PurgeDayAsync(Day, PurgeRows.Usage, 10_000, Stop));
        Assert.Empty(await UsageAsync(store));
        Assert.NotNull(await store.FindAsync(job.Id, Stop));
    }

    [Fact]
    public async Task Purging_stops_at_its_limit_and_says_so()
    {
        var store = await CreateAsync();
        for (var number = 0; number < 230; number++)
        {
            await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), $"task-{number}"), Stop);
        }

        var first = await store.PurgeDayAsync(Day, PurgeRows.Usage, 150, Stop);
        Assert.True(first is { More: true, Deleted: >= 150 and < 250 }, first.ToString());
        var rest = await store.PurgeDayAsync(Day, PurgeRows.Usage, 150, Stop);
        Assert.Equal(new DayPurge(230 - first.Deleted, 0, More: false), rest);
    }

    [Fact]
    public async Task First_day_with_rows_is_found_within_its_bounds()
    {
        var store = await CreateAsync();
        Assert.Null(await store.FindFirstDayAsync(earliest: null, Day.AddYears(1), Stop));
        await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1, shard: 9), JobState.Succeeded), Stop);
        await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon.AddDays(3), 2, shard: 15), "task-1"), Stop);

        Assert.Equal(Day, await store.FindFirstDayAsync(earliest: null, Day, Stop));
        Assert.Equal(Day, await store.FindFirstDayAsync(Day, Day.AddDays(9), Stop));
        Assert.Equal(Day.AddDays(3), await store.FindFirstDayAsync(Day.AddDays(1), Day.AddDays(3), Stop));
        Assert.Null(await store.FindFirstDayAsync(Day.AddDays(1), Day.AddDays(2), Stop));
    }

    [Fact]
    public async Task Cancelled_call_throws_and_writes_nothing()
    {
        var store = await CreateAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.AddAsync(job, new CancellationToken(canceled: true)));
        Assert.Null(await store.FindAsync(job.Id, Stop));
    }

    private static async Task<List<ActiveJob>> ActiveAsync(IJobStore store) =>
        await store.ListActiveAsync(Day.AddDays(-1), Day.AddDays(1), TestJobs.Noon.AddYears(1), Stop).ToListAsync(Stop);

    private static async Task<List<UsageRecord>> UsageAsync(IJobStore store) =>
        await store.ListUsageAsync(Day, Stop).OrderBy(record => record.Id, StringComparer.Ordinal).ToListAsync(Stop);
}
