using FlashDrop.Core.Budgets;

namespace FlashDrop.Core.Tests.Budgets;

public sealed class TurnstileTests
{
    private readonly Turnstile _turnstile = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Turns_AreTakenOneAtATime_InOrderOfArrival()
    {
        var first = _turnstile.EnterAsync(Stop);
        var second = _turnstile.EnterAsync(Stop);
        var third = _turnstile.EnterAsync(Stop);
        Assert.Equal((true, false, false), (first.IsCompleted, second.IsCompleted, third.IsCompleted));

        _turnstile.Leave();
        await second;
        Assert.False(third.IsCompleted);

        _turnstile.Leave();
        await third;
        _turnstile.Leave();
        Assert.True(_turnstile.EnterAsync(Stop).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task CancelledBeforehand_TakesNoTurn()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => _turnstile.EnterAsync(new CancellationToken(canceled: true)));

        Assert.True(_turnstile.EnterAsync(Stop).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task WhoeverGaveUpWaiting_IsPassedOver()
    {
        await _turnstile.EnterAsync(Stop);
        using var patience = new CancellationTokenSource();
        var impatient = _turnstile.EnterAsync(patience.Token);
        var patient = _turnstile.EnterAsync(Stop);

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(patient.IsCompleted);

        _turnstile.Leave();
        await patient.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.False(_turnstile.EnterAsync(Stop).IsCompleted);
    }
}
