using Cinegrain.Kafka.Telemetry;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Kafka.Reading;

/// <summary>
/// A consumer follows a partition at one place. Who reads the same partition at another place, such as a slower reader of the same records, gets a
/// consumer of its own; where those are used up, the one that was not used for longest moves.
/// </summary>
internal sealed class ReaderLanes : IAsyncDisposable
{
    private const int MostLanes = 3;

    private readonly IReadOnlyCollection<Partition> _partitions;
    private readonly KafkaLogOptions _options;
    private readonly ILogger _logger;
    private readonly KafkaMetrics _metrics;
    private readonly Lock _gate = new();
    private PartitionReader[] _lanes;
    private bool _disposed;

    public ReaderLanes(IReadOnlyCollection<Partition> partitions, KafkaLogOptions options, ILogger logger, KafkaMetrics metrics)
    {
        (_partitions, _options, _logger, _metrics) = (partitions, options, logger, metrics);
        _lanes = [NewLane(0)];
        metrics.ObservePrefetch(() => partitions.Select(partition => (partition.Topic, partition.Number, Ahead(partition))));
    }

    /// <summary>The lane that is always there.</summary>
    public PartitionReader First => _lanes[0];

    /// <summary>Records fetched ahead of the readers of a partition.</summary>
    public int Ahead(Partition partition) => Volatile.Read(ref _lanes).Sum(lane => lane.Feed(partition).Ahead);

    /// <summary>As <see cref="ILog.ReadAsync"/>.</summary>
    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(Partition partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await Choose(partition, offset).TryReadAsync(partition, offset, maximum, cancellationToken) is { } records)
            {
                return records;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        foreach (var lane in _lanes)
        {
            await lane.DisposeAsync();
        }
    }

    private PartitionReader Choose(Partition partition, long offset)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(KafkaLog));
            if (Array.Find(_lanes, lane => lane.Feed(partition).Covers(offset)) is not { } chosen)
            {
                chosen = Free(partition);
                chosen.Feed(partition).Reserve(offset);
            }

            chosen.Feed(partition).LastUsed = Environment.TickCount64;
            return chosen;
        }
    }

    private PartitionReader Free(Partition partition)
    {
        if (Array.Find(_lanes, lane => !lane.Feed(partition).IsStarted) is { } free)
        {
            return free;
        }

        if (_lanes.Length == MostLanes)
        {
            return _lanes.MinBy(lane => lane.Feed(partition).LastUsed)!;
        }

        var added = NewLane(_lanes.Length);
        Volatile.Write(ref _lanes, [.. _lanes, added]);
        return added;
    }

    private PartitionReader NewLane(int number) => new(_partitions, $"consumer-{number}", _options, _logger, _metrics);
}
