using Confluent.Kafka;

namespace Cinegrain.Streaming;

/// <summary>Turns records into events of streams, and events that are sent through the provider into records.</summary>
/// <remarks>Called by several partitions at once. What it throws while reading makes the record poison (<see cref="IKafkaPoisonHandler"/>).</remarks>
public interface IKafkaDataAdapter
{
    /// <summary>The stream of a record, or false when it has none: it is passed over and counts as delivered.</summary>
    bool TryGetStream(in KafkaSourceRecord record, out StreamId stream);

    /// <summary>
    /// The event that grains get. Orleans must be able to serialize it; mark it <see cref="ImmutableAttribute"/>, or every local delivery copies it.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="previousOffset">As <see cref="KafkaRecord.PreviousOffset"/>, as of the reading.</param>
    object ToEvent(in KafkaSourceRecord record, long previousOffset);

    /// <summary>Key and value of the record for an event that is sent to a stream through the provider.</summary>
    /// <exception cref="NotSupportedException">Events of this type cannot be sent.</exception>
    Message<byte[], byte[]?> ToMessage(StreamId stream, object item);
}

/// <summary>A record as it was read.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="StreamNamespace">The topic's namespace of streams (<see cref="KafkaStreamOptions.Topics"/>).</param>
/// <param name="Partition">Partition of the topic.</param>
/// <param name="Offset">Place in the partition.</param>
/// <param name="Checkpoint">See <see cref="KafkaRecord.Checkpoint"/>.</param>
/// <param name="Generation">See <see cref="KafkaPosition.Generation"/>.</param>
/// <param name="ArrivedMs">Timestamp, milliseconds since 1970-01-01 UTC.</param>
/// <param name="Key">The key, or null.</param>
/// <param name="Value">The value, or null.</param>
/// <param name="Headers">The headers, or null when it has none.</param>
public readonly record struct KafkaSourceRecord(
    string Topic,
    string StreamNamespace,
    int Partition,
    long Offset,
    long Checkpoint,
    int Generation,
    long ArrivedMs,
    byte[]? Key,
    byte[]? Value,
    Headers? Headers)
{
    /// <summary>Topic, partition and offset: neither key nor value reach a log.</summary>
    public override string ToString() => $"{Topic}[{Partition}]@{Offset}";
}
