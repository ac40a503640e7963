using Confluent.Kafka;

namespace Cinegrain.Streaming;

/// <summary>Keeps positions as offsets of a consumer group. Delivered counts as done: grains that keep their state elsewhere want a checkpointer of their own.</summary>
internal sealed class GroupCheckpointer(Func<IConsumer<byte[]?, byte[]?>> newConsumer) : IKafkaCheckpointer, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lazy<IConsumer<byte[]?, byte[]?>> _consumer = new(newConsumer);

    /// <inheritdoc/>
    public Task<KafkaPosition> LoadAsync(string topic, int partition, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var committed = _consumer.Value.Committed([new TopicPartition(topic, partition)], Patience)[0].Offset;
            return new KafkaPosition(committed.IsSpecial ? -1 : committed.Value, 0);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KafkaStreamPosition>> CheckpointAsync(KafkaCheckpoint checkpoint, CancellationToken cancellationToken) => Task.Run<IReadOnlyList<KafkaStreamPosition>>(
        () =>
        {
            _consumer.Value.Commit([new TopicPartitionOffset(checkpoint.Topic, checkpoint.Partition, checkpoint.Offset)]);
            return [];
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_consumer.IsValueCreated)
        {
            _consumer.Value.Dispose();
        }
    }
}
