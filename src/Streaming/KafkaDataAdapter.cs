using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;

namespace Cinegrain.Streaming;

/// <summary>The record's key is the key of its stream, the event a <see cref="KafkaRecord"/>. Bytes and text can be sent.</summary>
internal sealed class KafkaDataAdapter : IKafkaDataAdapter
{
    private readonly ConcurrentDictionary<string, byte[]> _namespaces = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public bool TryGetStream(in KafkaSourceRecord record, out StreamId stream)
    {
        if (record.Key is null)
        {
            stream = default;
            return false;
        }

        stream = StreamId.Create(_namespaces.GetOrAdd(record.StreamNamespace, Encoding.UTF8.GetBytes), record.Key);
        return true;
    }

    /// <inheritdoc/>
    public object ToEvent(in KafkaSourceRecord record, long previousOffset) => KafkaRecord.Of(record, previousOffset);

    /// <inheritdoc/>
    public Message<byte[], byte[]?> ToMessage(StreamId stream, object item) => new()
    {
        Key = stream.Key.ToArray(),
        Value = item switch
        {
            byte[] bytes => bytes,
            string text => Encoding.UTF8.GetBytes(text),
            KafkaRecord record => record.Value,
            _ => throw new NotSupportedException(
                $"a {item.GetType().Name} cannot be sent: send byte[], string or {nameof(KafkaRecord)}, or give the provider an {nameof(IKafkaDataAdapter)}"),
        },
    };
}

/// <summary>Drops poison: the receiver has logged and counted it.</summary>
internal sealed class DroppingPoisonHandler : IKafkaPoisonHandler
{
    /// <inheritdoc/>
    public Task HandleAsync(KafkaSourceRecord record, Exception reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
