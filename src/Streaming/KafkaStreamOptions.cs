namespace Cinegrain.Streaming;

/// <summary>Options of a Kafka stream provider.</summary>
public sealed class KafkaStreamOptions
{
    /// <summary>
    /// Settings of librdkafka for every client, by their names there: <c>bootstrap.servers</c>, which is needed, and security, for example
    /// <c>security.protocol</c>, <c>sasl.mechanism</c>, <c>sasl.username</c>, <c>sasl.password</c>.
    /// </summary>
    [Redact]
    public IDictionary<string, string> Client { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Topics that are read, each with the namespace of its streams. They must exist; the number of their partitions is asked at start.</summary>
    public IDictionary<string, string> Topics { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Consumer group that keeps the offsets when there is no checkpointer of your own, and else has a copy of them, for tools that show lag or scale by it;
    /// null takes the cluster's service id. Nobody joins it.
    /// </summary>
    public string? ConsumerGroup { get; set; }

    /// <summary>Partition of a key among a number of partitions, as whoever writes the topics places them. Default: murmur2, as Kafka's own clients.</summary>
    public Func<ReadOnlyMemory<byte>, int, int> Partitioner { get; set; } = KafkaPartitioners.Murmur2;

    /// <summary>Records that a partition keeps at most: those since the last checkpoint. Beyond that it is read no further. Default 50,000.</summary>
    public int CachedRecords { get; set; } = 50_000;

    /// <summary>As <see cref="CachedRecords"/>, in bytes of keys and values. Default 64 MiB.</summary>
    public long CachedBytes { get; set; } = 64 << 20;

    /// <summary>Records of one stream that are delivered in one call at most. Default 100.</summary>
    public int DeliveredRecords { get; set; } = 100;

    /// <summary>Records that are taken from a partition in one turn at most. Default 1,000.</summary>
    public int PulledRecords { get; set; } = 1_000;

    /// <summary>How long a pull waits for records. Up to 250 ms, since a partition that is given up waits for it. Default 200 ms.</summary>
    public TimeSpan ReceiveWait { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A checkpoint is due this long after the last one when something was delivered. Default 5 s.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A checkpoint is due when this many streams of a partition have records since the last one. Default 5,000.</summary>
    public int CheckpointStreams { get; set; } = 5_000;

    /// <summary>How long a silo that stops or gives a partition up waits for the last checkpoint. Default 20 s.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Settings of librdkafka for the producer of events that are sent through the provider, beyond <see cref="Client"/>. It is idempotent with
    /// <c>acks=all</c> by default.
    /// </summary>
    [Redact]
    public IDictionary<string, string> Producer { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
