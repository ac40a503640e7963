using Confluent.Kafka;

namespace Cinegrain.Kafka.Appending;

/// <summary>
/// Records of one partition on their way to a producer. While more are under way than an idempotent producer of librdkafka sends at once, the others wait here: it
/// would not send them earlier either, but its thread spins for as long as it has records that it may not send yet.
/// </summary>
internal sealed class Lane(Partition partition, IProducer<byte[], byte[]?> producer)
{
    // librdkafka: RD_KAFKA_IDEMP_MAX_INFLIGHT, which it counts in records.
    private const int MostAtOnce = 5;

    // Of those that go together: few enough to be handed over before the producer's linger is over, so that they become one request.
    private const int MostRecords = 1_000, MostBytes = 500_000;

    private readonly Queue<(Message<byte[], byte[]?> Message, Action<DeliveryReport<byte[], byte[]?>> Report)> _waiting = new();
    private int _underWay;

    public Partition Partition => partition;

    /// <summary>Offset of the last record that landed; -1 before there is one.</summary>
    public long LastOffset { get; set; } = -1;

    /// <summary>Adds a record, which <see cref="Release"/> hands over in its turn.</summary>
    public void Add(Message<byte[], byte[]?> message, Action<DeliveryReport<byte[], byte[]?>> report) => _waiting.Enqueue((message, report));

    /// <summary>Hands over what waits, a few at once or many when nothing is under way.</summary>
    /// <exception cref="KafkaException">The producer does not take it.</exception>
    public void Release()
    {
        if (_underWay > 0 && _underWay + _waiting.Count > MostAtOnce)
        {
            return;
        }

        for (var bytes = 0; _underWay < MostRecords && bytes < MostBytes && _waiting.TryDequeue(out var next); _underWay++)
        {
            bytes += next.Message.Key.Length + (next.Message.Value?.Length ?? 0);
            producer.Produce(partition.Physical, next.Message, next.Report);
        }
    }

    /// <summary>A record has landed: <see cref="Release"/> may have more to hand over.</summary>
    public void Landed() => _underWay--;
}
