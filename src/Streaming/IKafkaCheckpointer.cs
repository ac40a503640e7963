namespace Cinegrain.Streaming;

/// <summary>
/// Stores how far a partition is done. A checkpoint is a barrier: the position moves only once everything below it is persisted, so the checkpointer
/// has the grains of the streams it is told persist first. Without one of your own the position is the group's offset in Kafka and moves on
/// when records are delivered.
/// </summary>
/// <remarks>
/// Called once at a time for a partition by a silo. While a partition moves between silos two of them may call: the store keeps the higher position, and
/// a checkpoint below it succeeds without effect.
/// </remarks>
public interface IKafkaCheckpointer
{
    /// <summary>Where to begin. Called until it succeeds.</summary>
    Task<KafkaPosition> LoadAsync(string topic, int partition, CancellationToken cancellationToken);

    /// <summary>
    /// Persists what was delivered below <see cref="KafkaCheckpoint.Offset"/>, then the offset. What it throws is logged and tried again later; delivery
    /// goes on meanwhile until the cache is full.
    /// </summary>
    /// <returns>
    /// Empty: the checkpoint is stored. Else it is not, and these streams lack records although they were delivered, since their grain was lost with its silo
    /// before it persisted: each with the offset of the last record it has (-1 for none). The records after it are delivered again.
    /// </returns>
    Task<IReadOnlyList<KafkaStreamPosition>> CheckpointAsync(KafkaCheckpoint checkpoint, CancellationToken cancellationToken);
}

/// <summary>Where a partition begins.</summary>
/// <param name="Offset">First offset that is not done; below 0 when nothing is stored, which begins at the partition's first record.</param>
/// <param name="Generation">Number of the rebuild: a store that was emptied begins with a higher one. It travels in <see cref="KafkaRecord.Generation"/>.</param>
public readonly record struct KafkaPosition(long Offset, int Generation);

/// <summary>Position of a stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Offset">Offset of the last record that counts.</param>
public readonly record struct KafkaStreamPosition(StreamId Stream, long Offset);

/// <summary>A barrier that is due.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Partition of the topic.</param>
/// <param name="Offset">Everything below was delivered.</param>
/// <param name="Generation">As loaded.</param>
/// <param name="Streams">
/// The streams with records between the last checkpoint and this one, each with the offset of its last record below <paramref name="Offset"/>: their
/// grains must have persisted that much.
/// </param>
public sealed record KafkaCheckpoint(string Topic, int Partition, long Offset, int Generation, IReadOnlyList<KafkaStreamPosition> Streams);
