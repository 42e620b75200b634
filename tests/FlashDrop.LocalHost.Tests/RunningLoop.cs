namespace FlashDrop.LocalHost.Tests;

/// <summary>A loop that runs until disposed. Disposing fails when it does not end in good time.</summary>
internal sealed class RunningLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    public RunningLoop(Func<CancellationToken, Task> run) => _loop = Task.Run(() => run(_stopping.Token));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        _stopping.Dispose();
    }
}
