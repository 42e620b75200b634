namespace FlashDrop.EndToEnd.Tests;

/// <summary>Waits for things other processes do.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until a condition holds; fails with <paramref name="describe"/> when it does not in time.</summary>
    public static async Task TrueAsync(Func<bool> condition, TimeSpan timeout, Func<string> describe)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > timeout)
            {
                Assert.Fail(describe());
            }

            await Task.Delay(Look, TimeProvider.System);
        }
    }
}
