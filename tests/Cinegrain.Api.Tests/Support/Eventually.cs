namespace Cinegrain.Api.Tests.Support;

/// <summary>Waits for something that another thread is about to do and that gives no signal; fails after ten seconds.</summary>
internal static class Eventually
{
    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, "the condition did not come true within ten seconds");
            await Task.Yield();
        }
    }
}
