using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// Reads one partition of <see cref="Topics.Movies"/> from its beginning into the view, and hands each change on to its movie's log. Both are
/// absolute, so a repeat does no harm; the checkpoint only saves handing on again what was handed on.
/// </summary>
internal sealed class CatalogueLoop(LoopServices services, SharedModel shared, int partition)
{
    private readonly Waiters _waiters = new();
    private long _handedOn;

    public long Lag => Math.Max(0, services.Log.End(Topics.Movies, partition) - _waiters.Reached);

    public Task WaitAsync(long offset, CancellationToken cancellationToken) => _waiters.WaitAsync(offset, cancellationToken);

    /// <summary>Reads what the log holds now, so that the first list finds its movies.</summary>
    public async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        var checkpoint = await services.Store.LoadCheckpointAsync(Topics.Movies, partition, cancellationToken);
        _handedOn = checkpoint?.Offset ?? 0;
        var end = services.Log.End(Topics.Movies, partition);
        while (_waiters.Reached < end)
        {
            await TakeAsync(cancellationToken);
        }
    }

    /// <summary>Runs until it is to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await TakeAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was not handed on is at or above the checkpoint.
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        var end = services.Log.End(Topics.Movies, partition);
        var records = await services.Retry.UntilDoneAsync(
            "reading the catalogue",
            token => services.Log.ReadAsync(Topics.Movies, partition, _waiters.Reached, services.Options.BatchSize, token).AsTask(),
            cancellationToken);
        var changes = new List<LogEntry>();
        foreach (var record in records)
        {
            if (!LogRecords.TryParseEntry(record, out var metadata))
            {
                services.Metrics.CountUnreadable(Topics.Movies);
                changes.Add(Rejections.Unreadable(
                    Topics.Movies, partition, record, LogRecords.NoEntry, services.Time.GetUtcNow()));
                continue;
            }

            if (metadata is null)
            {
                shared.View.Remove(record.Key);
            }
            else
            {
                shared.View.Put(metadata);
            }

            if (record.Offset >= _handedOn)
            {
                MovieRecord change = new CatalogueChange { Movie = record.Key, Metadata = metadata };
                changes.Add(new LogEntry(Topics.Signals, record.Key, LogRecords.ToBytes(change)));
            }
        }

        var next = records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, _waiters.Reached);
        if (next > _handedOn)
        {
            await services.Retry.UntilDoneAsync(
                "handing on changes of the catalogue", token => services.Log.AppendAsync(changes, token), cancellationToken);
            var checkpoint = new Checkpoint(Topics.Movies, partition, next, 0, ReadOnlyMemory<byte>.Empty);
            await services.Retry.UntilDoneAsync(
                "writing the position in the catalogue", token => services.Store.WriteAsync([], checkpoint, token).AsTask(), cancellationToken);
            _handedOn = next;
        }

        services.Metrics.CountApplied(Topics.Movies, records.Count);
        _waiters.Reach(next);
    }
}
