using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Budgets;

/// <summary>Jobs and their callers' budgets, through the whole pipeline.</summary>
public sealed class JobBudgetTests
{
    private const string Caller = "tests";
    private const string Drops = "drop:default";

    [Fact]
    public async Task JobOverItsBudget_IsHeldWithTheReason_AndGoesOnByItselfWhenTheDayTurns()
    {
        var price = await MostOfOneAsync();
        var bench = Bench((Caller, price * 1.5m));
        bench.Upstream.TaskTime = TimeSpan.FromHours(3);
        await AcceptAsync(bench);
        await bench.DeliverAsync();
        await AcceptAsync(bench);

        await bench.DeliverAsync();

        var held = bench.Storage.Jobs.AllJobs().Single(job => job.State == JobState.Held);
        Assert.Equal("over_budget", held.Error?.Code);
        Assert.Contains($"'{Caller}'", held.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(held.Attempts);
        await bench.RunAsync(TimeSpan.FromHours(14), step: TimeSpan.FromMinutes(5));
        await bench.RunAsync(TimeSpan.FromHours(5), step: TimeSpan.FromMinutes(5));
        Assert.All(bench.Storage.Jobs.AllJobs(), job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.Equal(2, bench.Upstream.Submissions.Count);
    }

    [Fact]
    public async Task DropOverItsProfilesBudget_IsHeld_AndItsTimeStandsStill()
    {
        var price = await MostOfOneAsync(drop: true);
        var bench = Bench((Drops, price * 1.2m));
        bench.Upstream.TaskTime = TimeSpan.FromHours(1);
        await bench.DropAsync("default/a.jpg");
        await bench.DropAsync("default/b.jpg", [.. PipelineBench.Jpeg, 1]);

        var held = bench.Storage.Jobs.AllJobs().Single(job => job.Drop!.Path == "default/b.jpg");

        Assert.Equal((JobState.Held, "over_budget"), (held.State, held.Error?.Code));
        Assert.True(held.HeldFor > TimeSpan.Zero);
        Assert.Equal(held.AcceptedAt + TimeSpan.FromHours(24) + held.HeldFor, held.DeadlineAt);
    }

    [Fact]
    public async Task HeldJob_GoesOnWithinAnHour_WhenWhatWasReservedComesBack()
    {
        var price = await MostOfOneAsync();
        var bench = Bench((Caller, price * 1.5m));
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(6);
        await AcceptAsync(bench);
        await AcceptAsync(bench);

        await bench.RunAsync(TimeSpan.FromMinutes(70), step: TimeSpan.FromSeconds(5));

        // The answers cost far less than they may have: there is room for both.
        Assert.All(bench.Storage.Jobs.AllJobs(), job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.All(bench.Storage.Jobs.AllJobs().SelectMany(job => job.Attempts), attempt => Assert.Equal(price, attempt.ReservedUsd));
    }

    [Fact]
    public async Task JobThatMayCostMoreThanAWholeDay_FailsAndSaysSo()
    {
        var price = await MostOfOneAsync();
        var bench = Bench((Caller, price * 0.9m));
        await AcceptAsync(bench);

        await bench.DeliverAsync();

        Assert.Equal((JobState.Failed, "budget_too_small"), (bench.Only.State, bench.Only.Error?.Code));
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task WhatFinishedJobsCost_IsWhatTheLedgerSays()
    {
        var bench = Bench((Caller, 100));
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(6);
        for (var i = 0; i < 5; i++)
        {
            await AcceptAsync(bench);
        }

        await bench.RunAsync(TimeSpan.FromMinutes(5), step: TimeSpan.FromSeconds(5));

        var ledger = bench.Storage.Budgets.Peek(Caller)!;
        Assert.Equal(5, bench.Usage.Count);
        Assert.Equal((bench.Usage.Sum(usage => usage.CostUsd), 0m), (ledger.SpentUsd, ledger.HeldUsd));
    }

    [Fact]
    public async Task RefusedAttemptOfAJobThatWasCancelledMeanwhile_GivesBackWhatItReserved()
    {
        var bench = Bench((Drops, 100));
        Task? cancelling = null;
        bench.Upstream.Next(_ =>
        {
            // In memory it is done when it returns.
            cancelling = bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);
            return new SubmitOutcome.Failed(Errors.ServiceError());
        });
        await bench.DropAsync("default/a.jpg");
        await cancelling!;
        Assert.Equal(JobState.Cancelled, bench.Only.State);

        await bench.RunAsync(TimeSpan.FromMinutes(2), step: TimeSpan.FromSeconds(5));

        Assert.Equal(0, bench.Storage.Budgets.Peek(Drops)!.CommittedUsd);
    }

    [Fact]
    public async Task CallerWithBudget_AddsLessThanAnOperationAJob()
    {
        var bench = Bench((Caller, 100));
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(6);
        for (var i = 0; i < 32; i++)
        {
            await AcceptAsync(bench);
        }

        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.All(bench.Storage.Jobs.AllJobs(), job => Assert.Equal(JobState.Succeeded, job.State));
        var operations = bench.Storage.Operations.Of(StorageOperations.BudgetFind) + bench.Storage.Operations.Of(StorageOperations.BudgetWrite);
        Assert.InRange(operations, 2, 12);
    }

    [Fact]
    public async Task CallerWithoutBudget_AddsNone()
    {
        var bench = Bench(("somebody-else", 1));
        await AcceptAsync(bench);

        await bench.RunAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(0, bench.Storage.Operations.Of(StorageOperations.BudgetFind) + bench.Storage.Operations.Of(StorageOperations.BudgetWrite));
        Assert.All(bench.Only.Attempts, attempt => Assert.Null(attempt.ReservedUsd));
    }

    private static PipelineBench Bench((string Caller, decimal Usd) budget) =>
        new(($"Budgets:{budget.Caller}", budget.Usd.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    private static Task<AcceptOutcome> AcceptAsync(PipelineBench bench) => bench.Service.AcceptAsync(
        new NewJob { Caller = Caller, Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "What leaves the harbour?" } }, CancellationToken.None);

    /// <summary>What one such job may cost at most, as it is estimated.</summary>
    private static async Task<decimal> MostOfOneAsync(bool drop = false)
    {
        var bench = new PipelineBench();
        if (drop)
        {
            await bench.DropAsync("default/a.jpg");
        }
        else
        {
            await AcceptAsync(bench);
        }

        return bench.Only.Estimate!.MaxUsd!.Value;
    }
}
