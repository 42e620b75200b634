using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.LocalHost.Tests;

/// <summary>Moves a clock on until something is so. Real time only passes while continuations run.</summary>
internal static class VirtualTime
{
    public static FakeTimeProvider Create() => new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Advances in steps until the condition holds; fails after <paramref name="limit"/> of virtual time.</summary>
    public static async Task AdvanceUntilAsync(this FakeTimeProvider time, Func<bool> condition, TimeSpan? step = null, TimeSpan? limit = null)
    {
        var end = time.GetUtcNow() + (limit ?? TimeSpan.FromMinutes(30));
        await SettleAsync();
        while (!condition())
        {
            Assert.True(time.GetUtcNow() < end, "It did not happen within the virtual time given.");
            time.Advance(step ?? TimeSpan.FromMilliseconds(100));
            await SettleAsync();
        }
    }

    /// <summary>Advances by a while, in steps.</summary>
    public static async Task AdvanceAsync(this FakeTimeProvider time, TimeSpan by, TimeSpan? step = null)
    {
        var end = time.GetUtcNow() + by;
        await time.AdvanceUntilAsync(() => time.GetUtcNow() >= end, step);
    }

    /// <summary>Lets everything that can run now run.</summary>
    public static async Task SettleAsync()
    {
        for (var i = 0; i < 10; i++)
        {
            await Task.Yield();
        }

        // Work on other threads needs a moment of the machine, which may be busy.
        await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
    }
}
