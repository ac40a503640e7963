using Cinegrain.Model.Ports;
using Cinegrain.Streaming;
using Orleans.Runtime;

namespace Cinegrain.Grains.State;

/// <summary>
/// Checkpoint of a partition as a barrier (design 4.3): the grains that had a record persist, after what they emitted is in the log, then the position is
/// stored beside the states.
/// </summary>
/// <param name="topic">Topic as the model names it.</param>
/// <param name="grainOf">The grain's method that persists, by its key.</param>
internal sealed class GrainCheckpointer(string topic, Func<string, long, Task<long>> grainOf, IStateStore store, Epochs epochs, ClusterMetrics metrics, TimeProvider time)
    : IKafkaCheckpointer
{
    // Few enough that their states are no burden, enough that they go to the store in large requests.
    private const int AtOnce = 1_000;

    private readonly Dictionary<int, ReadOnlyMemory<byte>> _statistics = [];

    public async Task<KafkaPosition> LoadAsync(string physicalTopic, int partition, CancellationToken cancellationToken)
    {
        var checkpoint = await epochs.LoadAsync(topic, partition, cancellationToken);
        lock (_statistics)
        {
            _statistics[partition] = checkpoint.Statistics;
        }

        return new KafkaPosition(checkpoint.Offset, checkpoint.Epoch);
    }

    public async Task<IReadOnlyList<KafkaStreamPosition>> CheckpointAsync(KafkaCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var behind = new List<KafkaStreamPosition>();
        foreach (var streams in checkpoint.Streams.Chunk(AtOnce))
        {
            var reached = await PersistAsync(streams);
            behind.AddRange(streams.Zip(reached).Where(pair => pair.Second < pair.First.Offset).Select(pair => pair.First with { Offset = pair.Second }));
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (behind.Count > 0)
        {
            metrics.CountBehind(topic, behind.Count);
            return behind;
        }

        ReadOnlyMemory<byte> statistics;
        lock (_statistics)
        {
            statistics = _statistics.GetValueOrDefault(checkpoint.Partition);
        }

        await store.WriteAsync([], new Checkpoint(topic, checkpoint.Partition, checkpoint.Offset, checkpoint.Generation, statistics), cancellationToken);
        metrics.RecordCheckpoint(topic, checkpoint.Streams.Count, time.GetElapsedTime(started));
        return [];
    }

    private async Task<long[]> PersistAsync(IEnumerable<KafkaStreamPosition> streams)
    {
        try
        {
            return await Task.WhenAll(streams.Select(stream => grainOf(stream.Stream.GetKeyAsString(), stream.Offset)));
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            // Without what Orleans says: it names the grain, and with it the user.
            throw new UnavailableException($"an actor did not persist ({exception.GetType().Name})", TimeSpan.FromSeconds(1));
        }
    }
}
