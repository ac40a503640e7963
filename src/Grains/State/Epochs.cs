using System.Collections.Concurrent;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.State;

/// <summary>Where the partitions stand in the store, and in which epoch those of the users are.</summary>
internal sealed class Epochs(IScannableLog log, IStateStore store, TimeProvider time)
{
    private readonly ConcurrentDictionary<int, int> _ofUsers = new();

    /// <summary>Reads the epoch of every partition of users, before movies learn.</summary>
    public async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < log.PartitionCount(Topics.Interactions); partition++)
        {
            await LoadAsync(Topics.Interactions, partition, cancellationToken);
        }
    }

    /// <summary>The last checkpoint of a partition; a first one is stored when the store knows nothing of it.</summary>
    /// <exception cref="WrongLogException">The store is ahead of the log.</exception>
    public async Task<Checkpoint> LoadAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        var checkpoint = await store.LoadCheckpointAsync(topic, partition, cancellationToken);
        if (checkpoint is null)
        {
            // Another silo may do so at the same time; the store keeps the higher.
            await store.WriteAsync([], Checkpoint.First(topic, partition, time.GetUtcNow()), cancellationToken);
            checkpoint = await store.LoadCheckpointAsync(topic, partition, cancellationToken)
                ?? throw new UnavailableException("a checkpoint that was written is not there; the store may be emptied now", TimeSpan.FromSeconds(1));
        }

        // Asked after the checkpoint was read: another silo may have stored it a moment ago.
        checkpoint.RequireReachedBy(await log.AskEndAsync(topic, partition, cancellationToken));
        if (topic == Topics.Interactions)
        {
            See(partition, checkpoint.Epoch);
        }

        return checkpoint;
    }

    /// <summary>Epoch that a partition of users is in, as far as is known; one that the log does not have any more is in none.</summary>
    public int Of(int userPartition) => _ofUsers.GetValueOrDefault(userPartition);

    /// <summary>Takes note of an epoch that a record names.</summary>
    public void See(int userPartition, int epoch)
    {
        if (!_ofUsers.TryGetValue(userPartition, out var known) || known < epoch)
        {
            _ofUsers.AddOrUpdate(userPartition, epoch, (_, now) => Math.Max(now, epoch));
        }
    }
}
