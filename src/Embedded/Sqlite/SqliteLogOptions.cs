using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>Settings of <see cref="SqliteLog"/>.</summary>
public sealed record SqliteLogOptions
{
    /// <summary>Most partitions of one topic.</summary>
    public const int MaximumPartitions = 256;

    /// <summary>Number of partitions of a new log when nothing else is said, by topic.</summary>
    public static IReadOnlyDictionary<string, int> DefaultPartitions { get; } = new Dictionary<string, int>
    {
        [Topics.Interactions] = 4,
        [Topics.Signals] = 2,
        [Topics.Movies] = 1,
        [Topics.Rejected] = 1,
    };

    /// <summary>How long records are kept after their arrival when nothing else is said, by topic; a topic that is not here is compacted.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> DefaultRetention { get; } = new Dictionary<string, TimeSpan>
    {
        [Topics.Interactions] = TimeSpan.FromDays(30),
        [Topics.Signals] = TimeSpan.FromDays(7),
        [Topics.Rejected] = TimeSpan.FromDays(14),
    };

    /// <summary>
    /// Number of partitions by topic, 1 to <see cref="MaximumPartitions"/>; fixed when the log is made, so a number that differs from the
    /// log's is refused. A topic that is not here takes what the log has.
    /// </summary>
    public IReadOnlyDictionary<string, int> Partitions { get; init; } = new Dictionary<string, int>();

    /// <summary>Retention by topic, where it differs from <see cref="DefaultRetention"/>; <see cref="Topics.Movies"/> has none, as it is compacted.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Retention { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>How long a tombstone of the compacted topic is kept, so that every reader sees it.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Records of a segment, the unit that retention removes. Default 100,000.</summary>
    public int SegmentRecords { get; init; } = 100_000;

    /// <summary>Bytes of a segment. Default 32 MiB.</summary>
    public long SegmentBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Records that may wait to be written; more are refused. Default 200,000.</summary>
    public int QueuedRecords { get; init; } = 200_000;

    /// <summary>Bytes that may wait to be written; more are refused. Default 64 MiB.</summary>
    public long QueuedBytes { get; init; } = 64 * 1024 * 1024;

    internal TimeSpan? RetentionOf(string topic) =>
        Retention.TryGetValue(topic, out var own) ? own : DefaultRetention.TryGetValue(topic, out var common) ? common : null;

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    internal void Validate()
    {
        foreach (var (topic, count) in Partitions)
        {
            if (!DefaultPartitions.ContainsKey(topic))
            {
                throw new ArgumentException($"there is no topic {topic}; the topics are {string.Join(", ", DefaultPartitions.Keys)}");
            }

            if (count is < 1 or > MaximumPartitions)
            {
                throw new ArgumentException($"topic {topic} cannot have {count} partitions; choose 1 to {MaximumPartitions}");
            }
        }

        foreach (var (topic, retention) in Retention)
        {
            if (!DefaultRetention.ContainsKey(topic))
            {
                throw new ArgumentException($"topic {topic} has no retention time; those that have are {string.Join(", ", DefaultRetention.Keys)}");
            }

            if (retention <= TimeSpan.Zero)
            {
                throw new ArgumentException($"the retention of topic {topic} must be more than nothing");
            }
        }

        if (SegmentRecords < 1 || SegmentBytes < 1 || QueuedRecords < 1 || QueuedBytes < 1 || TombstoneRetention < TimeSpan.Zero)
        {
            throw new ArgumentException("sizes of segments and of the queue must be 1 or more, and the retention of tombstones not negative");
        }
    }
}
