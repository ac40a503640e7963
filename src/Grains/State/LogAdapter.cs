using System.Text;
using Cinegrain.Model.Ports;
using Cinegrain.Streaming;
using Confluent.Kafka;

namespace Cinegrain.Grains.State;

/// <summary>Records of the log as events: the stream's key is the record's. Interactions of erased users are passed over.</summary>
internal sealed class LogAdapter(IScannableLog log, bool isOfUsers, LockstepOrder? lockstep) : IKafkaDataAdapter
{
    private readonly byte[] _namespace = Encoding.UTF8.GetBytes(isOfUsers ? StreamNames.Interactions : StreamNames.Signals);

    public bool TryGetStream(in KafkaSourceRecord record, out StreamId stream)
    {
        stream = default;
        if (record.Key is null)
        {
            return false;
        }

        if (isOfUsers)
        {
            var user = Encoding.UTF8.GetString(record.Key);
            if (log.IsErased(record.Partition, user, record.Offset))
            {
                return false;
            }

            lockstep?.Read(record.Offset, user);
        }

        stream = StreamId.Create(_namespace, record.Key);
        return true;
    }

    public object ToEvent(in KafkaSourceRecord record, long previousOffset) => KafkaRecord.Of(record, previousOffset);

    public Message<byte[], byte[]?> ToMessage(StreamId stream, object item) =>
        throw new NotSupportedException("interactions enter by the intake, signals by their users: neither is sent through the stream provider");
}
