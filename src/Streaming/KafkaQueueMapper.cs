using Orleans.Runtime;
using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>One queue for each partition of each topic.</summary>
internal sealed class KafkaQueueMapper : IConsistentRingStreamQueueMapper
{
    private readonly Dictionary<string, (string Topic, QueueId[] Queues)> _byNamespace = new(StringComparer.Ordinal);
    private readonly QueueId[] _all;
    private readonly Func<ReadOnlyMemory<byte>, int, int> _partitioner;

    /// <summary>Queues of topics with their numbers of partitions.</summary>
    public KafkaQueueMapper(KafkaStreamOptions options, IReadOnlyDictionary<string, int> partitions)
    {
        _partitioner = options.Partitioner;
        var topics = options.Topics.OrderBy(topic => topic.Key, StringComparer.Ordinal).ToList();
        var total = topics.Sum(topic => partitions[topic.Key]);
        var place = 0;
        foreach (var (topic, streamNamespace) in topics)
        {
            // Spread evenly over the ring of hashes, for balancers that go by it.
            var queues = Enumerable.Range(0, partitions[topic])
                .Select(partition => QueueId.GetQueueId(topic, (uint)partition, (uint)(((ulong)place++ << 32) / (ulong)total)))
                .ToArray();
            _byNamespace.Add(streamNamespace, (topic, queues));
        }

        _all = [.. _byNamespace.Values.SelectMany(topic => topic.Queues)];
    }

    /// <inheritdoc/>
    public IEnumerable<QueueId> GetAllQueues() => _all;

    /// <inheritdoc/>
    public IEnumerable<QueueId> GetQueuesForRange(IRingRange range) => _all.Where(queue => range.InRange(queue.GetUniformHashCode()));

    /// <inheritdoc/>
    public QueueId GetQueueForStream(StreamId streamId)
    {
        var (_, queues) = TopicOf(streamId);
        return queues[_partitioner(streamId.Key, queues.Length)];
    }

    /// <summary>Topic of a stream's namespace.</summary>
    /// <exception cref="ArgumentException">The namespace has none.</exception>
    public (string Topic, QueueId[] Queues) TopicOf(StreamId streamId)
    {
        var streamNamespace = streamId.GetNamespace() ?? "";
        return _byNamespace.TryGetValue(streamNamespace, out var topic)
            ? topic
            : throw new ArgumentException($"no topic has the namespace '{streamNamespace}': add it to {nameof(KafkaStreamOptions)}.{nameof(KafkaStreamOptions.Topics)}");
    }
}
