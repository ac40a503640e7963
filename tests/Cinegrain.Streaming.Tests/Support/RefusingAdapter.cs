using Confluent.Kafka;
using Orleans.Runtime;

namespace Cinegrain.Streaming.Tests.Support;

/// <summary>Cannot read one value.</summary>
internal sealed class RefusingAdapter : IKafkaDataAdapter
{
    public static readonly byte[] Refused = "refused"u8.ToArray();

    private readonly KafkaDataAdapter _inner = new();

    public bool TryGetStream(in KafkaSourceRecord record, out StreamId stream) => _inner.TryGetStream(record, out stream);

    public object ToEvent(in KafkaSourceRecord record, long previousOffset) =>
        record.Value.AsSpan().SequenceEqual(Refused) ? throw new FormatException("refused") : _inner.ToEvent(record, previousOffset);

    public Message<byte[], byte[]?> ToMessage(StreamId stream, object item) => _inner.ToMessage(stream, item);
}
