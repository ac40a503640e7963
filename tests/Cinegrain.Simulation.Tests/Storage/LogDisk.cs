using System.Text;
using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests.Storage;

/// <summary>What of the log is on the disk: it outlives the process.</summary>
internal sealed class LogDisk
{
    private readonly Dictionary<string, LogDiskPartition[]> _topics;
    private readonly Action<string, int, LogRecord> _landed;

    /// <param name="landed">Told of every record that becomes durable.</param>
    public LogDisk(IReadOnlyDictionary<string, int> partitions, Action<string, int, LogRecord> landed)
    {
        _topics = partitions.ToDictionary(p => p.Key, p => Enumerable.Range(0, p.Value).Select(_ => new LogDiskPartition()).ToArray());
        _landed = landed;
    }

    public LogDiskPartition[] this[string topic] => _topics[topic];

    /// <summary>Makes an entry durable.</summary>
    public LogPosition Land(LogEntry entry, long arrivedMs)
    {
        var all = _topics[entry.Topic];
        var partition = Partitioner.Partition(entry.Key, all.Length);
        var record = new LogRecord(all[partition].End, entry.Key, entry.Value, arrivedMs);
        all[partition].Records.Add(record);
        _landed(entry.Topic, partition, record);
        return new LogPosition(partition, record.Offset);
    }

    /// <summary>True when the bytes of a text stand anywhere in the log, in records that the filter lets through.</summary>
    public bool Contains(string text, Func<string, int, LogRecord, bool> filter)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return _topics.Any(topic => topic.Value.Index().Any(partition => partition.Item.Records.Any(
            record => record is { } r && filter(topic.Key, partition.Index, r)
                && (r.Key.Contains(text, StringComparison.Ordinal) || r.Value.Span.IndexOf(bytes) >= 0))));
    }
}

/// <summary>One partition; null where a record was erased or has expired.</summary>
internal sealed class LogDiskPartition
{
    public List<LogRecord?> Records { get; } = [];

    public long End => Records.Count;

    /// <summary>Readers that wait for the next record.</summary>
    public List<TaskCompletionSource> Waiting { get; } = [];

    public void Wake()
    {
        foreach (var waiting in Waiting)
        {
            waiting.TrySetResult();
        }

        Waiting.Clear();
    }
}
