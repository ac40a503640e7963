using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests.Engine;

public sealed class WaitersTests
{
    private readonly Waiters _waiters = new();

    [Fact]
    public void WaitAsync_OffsetReached_IsCompleted()
    {
        _waiters.Reach(5);
        Assert.True(_waiters.WaitAsync(5, CancellationToken.None).IsCompletedSuccessfully);
        Assert.False(_waiters.WaitAsync(6, CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task Reach_WakesThoseUpToTheOffsetAndNoOthers()
    {
        var waits = new long[] { 7, 3, 5, 9 }.Select(offset => _waiters.WaitAsync(offset, CancellationToken.None)).ToArray();
        _waiters.Reach(5);
        await waits[1];
        await waits[2];
        Assert.False(waits[0].IsCompleted);
        Assert.False(waits[3].IsCompleted);

        _waiters.Reach(9);
        await Task.WhenAll(waits);
    }

    [Fact]
    public async Task WaitAsync_Cancelled_EndsAndLeavesTheQueue()
    {
        using var patience = new CancellationTokenSource();
        var wait = _waiters.WaitAsync(1_000_000, patience.Token);
        var other = _waiters.WaitAsync(2, CancellationToken.None);
        Assert.Equal(2, _waiters.Count);

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Assert.Equal(1, _waiters.Count);
        _waiters.Reach(2);
        await other;
    }

    [Fact]
    public async Task WaitAsync_AlreadyCancelled_Ends() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _waiters.WaitAsync(1, new CancellationToken(canceled: true)));
}
