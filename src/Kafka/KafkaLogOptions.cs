using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka;

/// <summary>Settings of <see cref="KafkaLog"/>.</summary>
public sealed record KafkaLogOptions
{
    /// <summary>Most partitions of one topic.</summary>
    public const int MaximumPartitions = 256;

    /// <summary>Number of partitions of a topic that is made when nothing else is said.</summary>
    public static IReadOnlyDictionary<string, int> DefaultPartitions { get; } = new Dictionary<string, int>
    {
        [Topics.Interactions] = 4,
        [Topics.Signals] = 2,
        [Topics.Movies] = 1,
        [Topics.Rejected] = 1,
        [Topics.Intake] = 4,
        [Topics.Erasures] = 1,
    };

    /// <summary>The topics that a cluster has beside them, with their partitions.</summary>
    public static IReadOnlyDictionary<string, int> ClusterPartitions { get; } = new Dictionary<string, int>
    {
        [Topics.Catalog] = 2,
        [Topics.CatalogDeltas] = 2,
    };

    /// <summary>How long records are kept after their arrival when nothing else is said; a topic that is not here is compacted.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> DefaultRetention { get; } = new Dictionary<string, TimeSpan>
    {
        [Topics.Interactions] = TimeSpan.FromDays(30),
        [Topics.Signals] = TimeSpan.FromDays(7),
        [Topics.Rejected] = TimeSpan.FromDays(14),
        [Topics.Intake] = TimeSpan.FromDays(1),
        [Topics.CatalogDeltas] = TimeSpan.FromHours(1),
    };

    /// <summary>Addresses of some brokers, such as <c>kafka-1:9092,kafka-2:9092</c>; the others are found from them.</summary>
    public required string Bootstrap { get; init; }

    /// <summary>Encryption and authentication.</summary>
    public KafkaSecurity Security { get; init; } = new();

    /// <summary>What stands before the names of the topics and of the group, so that several logs share a cluster. Default: nothing.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// Number of partitions by topic, 1 to <see cref="MaximumPartitions"/>; fixed when the topic is made, so a number that differs from the
    /// topic's is refused. A topic that is not here takes what the cluster has.
    /// </summary>
    public IReadOnlyDictionary<string, int> Partitions { get; init; } = new Dictionary<string, int>();

    /// <summary>True for the log of a cluster, which has the topics of the catalogue, too.</summary>
    public bool IsCluster { get; init; }

    /// <summary>False for a process that leaves it to others to make the topics: while they are not there the log cannot be opened.</summary>
    public bool MakesTopics { get; init; } = true;

    /// <summary>Retention by topic, where it differs from <see cref="DefaultRetention"/>.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Retention { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Copies that the cluster keeps of a topic that is made; null takes the broker's <c>default.replication.factor</c>.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Records that may wait for the brokers; more are refused. Default 200,000.</summary>
    public int QueuedRecords { get; init; } = 200_000;

    /// <summary>Bytes that may wait for the brokers; more are refused. Default 64 MiB.</summary>
    public long QueuedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long records wait for others before they go out together.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Age of the oldest append that waits at which new ones are refused: the brokers are away, or too slow.</summary>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Age at which an append that waits fails, with all behind it.</summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long opening waits for the brokers.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Records of one partition that are fetched ahead of their reader; at this number the partition pauses. Default 20,000.</summary>
    public int PrefetchedRecords { get; init; } = 20_000;

    /// <summary>Bytes of one partition that are fetched ahead of their reader. Default 16 MiB.</summary>
    public long PrefetchedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The settings of librdkafka for a client of the same cluster, by their names there.</summary>
    public IReadOnlyDictionary<string, string> ClientSettings => Native.ClientSettings.Common<Confluent.Kafka.ClientConfig>(this).ToDictionary();

    /// <summary>Name of a topic on the cluster.</summary>
    internal string PhysicalName(string topic) => Prefix + topic;

    /// <summary>Number of partitions of each topic that is made when nothing else is said.</summary>
    internal IReadOnlyDictionary<string, int> StandardPartitions =>
        IsCluster ? DefaultPartitions.Concat(ClusterPartitions).ToDictionary() : DefaultPartitions;

    internal TimeSpan? RetentionOf(string topic) =>
        Retention.TryGetValue(topic, out var own) ? own : DefaultRetention.TryGetValue(topic, out var common) ? common : null;

    /// <exception cref="ArgumentException">A setting is out of range; the message says what would be right.</exception>
    internal void Validate()
    {
        Require(Bootstrap.Trim().Length > 0, "Kafka needs the address of a broker, such as localhost:9092");
        Require(
            Prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && Prefix.Length <= 200,
            $"'{Prefix}' cannot stand before the names of topics: use letters, digits, '.', '_' and '-'");
        foreach (var (topic, count) in Partitions)
        {
            Require(StandardPartitions.ContainsKey(topic), $"there is no topic {topic}; the topics are {string.Join(", ", StandardPartitions.Keys)}");
            Require(count is >= 1 and <= MaximumPartitions, $"topic {topic} cannot have {count} partitions; choose 1 to {MaximumPartitions}");
            Require(topic != Topics.Erasures || count == 1, $"topic {topic} has one partition");
        }

        foreach (var (topic, retention) in Retention)
        {
            Require(
                DefaultRetention.ContainsKey(topic),
                $"topic {topic} has no retention time; those that have are {string.Join(", ", DefaultRetention.Keys)}");
            Require(retention > TimeSpan.Zero, $"the retention of topic {topic} must be more than nothing");
        }

        Require(ReplicationFactor is null or (>= 1 and <= 100), $"a replication factor cannot be {ReplicationFactor}; choose 1 to the number of brokers");
        Require(
            QueuedRecords >= 1 && QueuedBytes >= 1 && PrefetchedRecords >= 2 && PrefetchedBytes >= 2,
            "the bounds of what is queued and fetched ahead must be more than nothing");
        Require(
            Linger >= TimeSpan.Zero && StallAfter > TimeSpan.Zero && AppendTimeout >= StallAfter && OpenTimeout > TimeSpan.Zero,
            "the append time-out must not be shorter than the time after which Kafka counts as stalled, and neither may be zero");
        Require(
            KafkaSecurity.Protocols.Contains(Security.Protocol),
            $"Kafka's security protocol is '{Security.Protocol}'; it is one of {string.Join(", ", KafkaSecurity.Protocols)}");
        Require(
            Security.SaslMechanism is null || KafkaSecurity.Mechanisms.Contains(Security.SaslMechanism),
            $"Kafka's SASL mechanism is '{Security.SaslMechanism}'; it is one of {string.Join(", ", KafkaSecurity.Mechanisms)}");
        Require(
            !Security.IsSasl || (Security.SaslMechanism is not null && Security.UserName is not null && Security.Password is not null),
            $"the security protocol {Security.Protocol} needs a SASL mechanism, a user name and a password");
        Require((Security.Certificate is null) == (Security.Key is null), "a client certificate and its key are given together");

        static void Require(bool holds, string failure)
        {
            if (!holds)
            {
                throw new ArgumentException(failure);
            }
        }
    }
}
