using Cinegrain.Grains.State;
using Cinegrain.Model.Ports;
using Xunit;

namespace Cinegrain.Grains.Tests.State;

public sealed class BatcherTests
{
    [Fact]
    public async Task AddAsync_WhileABatchIsUnderWay_GathersTheNextOneInOrder()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var batches = new List<int[]>();
        using var batcher = new Batcher<int>(100, 3, async (items, _) =>
        {
            batches.Add([.. items]);
            begun.TrySetResult();
            await goOn.Task;
        });
        batcher.Start();

        var first = batcher.AddAsync(1);
        await begun.Task;
        var rest = Enumerable.Range(2, 4).Select(batcher.AddAsync).ToArray();
        Assert.Equal((5, false, false), (batcher.Count, first.IsCompleted, rest[0].IsCompleted));
        goOn.SetResult();
        await Task.WhenAll([first, .. rest]);

        Assert.Equal([[1], [2, 3, 4], [5]], batches);
        await batcher.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task AddAsync_ABatchThatFails_TellsItsItemsAndGoesOn()
    {
        using var batcher = new Batcher<int>(100, 10, (items, _) => items[0] == 1 ? throw new InvalidOperationException("no") : Task.CompletedTask);
        batcher.Start();

        await Assert.ThrowsAsync<InvalidOperationException>(() => batcher.AddAsync(1));
        await batcher.AddAsync(2);
        await batcher.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task RoomAsync_WhenFull_WaitsForABatch()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var batcher = new Batcher<int>(2, 10, (_, _) => goOn.Task);
        _ = batcher.AddAsync(1);
        Assert.True(batcher.RoomAsync().IsCompleted);
        _ = batcher.AddAsync(2);
        var room = batcher.RoomAsync();
        Assert.False(room.IsCompleted);

        batcher.Start();
        goOn.SetResult();
        await room;
        await batcher.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task StopAsync_WhatCannotBeDone_IsToldAsUnavailable()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var batcher = new Batcher<int>(10, 10, async (_, stopping) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping);
        });
        batcher.Start();
        var item = batcher.AddAsync(1);
        await begun.Task;

        await batcher.StopAsync(new CancellationToken(canceled: true));

        await Assert.ThrowsAsync<UnavailableException>(() => item);
    }
}
