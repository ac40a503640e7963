using Cinegrain.Grains.State;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Catalogue;

/// <summary>
/// Hands each change of the catalogue on to its movie's log. Changes are absolute, so that a repeat does no harm; the checkpoint saves handing on again
/// what was handed on.
/// </summary>
internal sealed class FeedGrain(SiloServices services) : Grain, IFeedGrain
{
    private const int Step = 1_000;

    private readonly Dictionary<int, long> _handedOn = [];

    public async Task HandOnAsync()
    {
        for (var partition = 0; partition < services.Log.PartitionCount(Topics.Movies); partition++)
        {
            if (!_handedOn.TryGetValue(partition, out var from))
            {
                from = (await services.Store.LoadCheckpointAsync(Topics.Movies, partition, CancellationToken.None))?.Offset ?? 0;
                _handedOn[partition] = from;
            }

            var end = services.Log.End(Topics.Movies, partition);
            if (from < end)
            {
                await HandOnAsync(partition, from, end);
            }
        }
    }

    private async Task HandOnAsync(int partition, long from, long end)
    {
        var sent = new List<LogEntry>();
        await foreach (var record in services.Log.ScanAsync(Topics.Movies, partition, from, end, CancellationToken.None))
        {
            if (LogRecords.TryParseEntry(record, out var metadata))
            {
                MovieRecord change = new CatalogueChange { Movie = record.Key, Metadata = metadata };
                sent.Add(new LogEntry(Topics.Signals, record.Key, LogRecords.ToBytes(change)));
            }
            else
            {
                services.Metrics.CountUnreadable(Topics.Movies);
                sent.Add(Rejections.Unreadable(Topics.Movies, partition, record, LogRecords.NoEntry, services.Time.GetUtcNow()));
            }

            if (sent.Count >= Step)
            {
                await services.Log.AppendAsync(sent, CancellationToken.None);
                sent = [];
            }
        }

        await services.Log.AppendAsync(sent, CancellationToken.None);
        await services.Store.WriteAsync([], new Checkpoint(Topics.Movies, partition, end, 0, ReadOnlyMemory<byte>.Empty), CancellationToken.None);
        _handedOn[partition] = end;
    }
}
