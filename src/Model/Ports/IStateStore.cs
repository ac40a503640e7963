namespace Cinegrain.Model.Ports;

/// <summary>What a state belongs to.</summary>
public enum ActorKind : byte
{
    /// <summary>A user; id = pseudonym.</summary>
    User,

    /// <summary>A movie; id = catalogue id.</summary>
    Movie,

    /// <summary>An owner of something shared, such as the blend weights; id = its name.</summary>
    Singleton,
}

/// <summary>State of one actor.</summary>
/// <param name="Kind">What it belongs to.</param>
/// <param name="Id">Whom it belongs to.</param>
/// <param name="Version">Offset of the last record applied, plus one. The store keeps the higher version.</param>
/// <param name="State">The state's bytes; empty is a tombstone, which stays for ever.</param>
public sealed record ActorState(ActorKind Kind, string Id, long Version, ReadOnlyMemory<byte> State)
{
    /// <summary>True when the actor was erased.</summary>
    public bool IsTombstone => State.IsEmpty;
}

/// <summary>How far a partition is persisted.</summary>
/// <param name="Topic">Topic of the log.</param>
/// <param name="Partition">Partition of the topic.</param>
/// <param name="Offset">Every record below it is in the states of the store, and its signals are in the log.</param>
/// <param name="Epoch">Grows by one whenever the partition is rebuilt from an empty store.</param>
/// <param name="Statistics">Sums kept for the partition as a whole (<see cref="Measuring.PartitionStatistics"/>), as bytes.</param>
public sealed record Checkpoint(string Topic, int Partition, long Offset, int Epoch, ReadOnlyMemory<byte> Statistics)
{
    private const long EpochOrigin = 1_767_225_600; // 2026-01-01, so that an epoch fits an int until 2094

    /// <summary>
    /// Where a partition begins of which the store knows nothing. It is stored before a signal carries its epoch. Movies tell a rebuild by it; time makes
    /// it higher than that of any store before.
    /// </summary>
    public static Checkpoint First(string topic, int partition, DateTimeOffset now) =>
        new(topic, partition, 0, (int)(now.ToUnixTimeSeconds() - EpochOrigin), ReadOnlyMemory<byte>.Empty);

    /// <summary>Refuses a log that is shorter than what the store has taken of it.</summary>
    /// <param name="end">Where the partition ends.</param>
    /// <exception cref="WrongLogException">It is.</exception>
    public void RequireReachedBy(long end)
    {
        if (Offset > end)
        {
            throw new WrongLogException(
                $"the store is ahead of the log: it has taken {Topic}/{Partition} up to {Offset}, but the log ends at {end}, so the log is an older copy. "
                + "Restore log and store from the same backup, or empty the store to rebuild it from this log");
        }
    }
}

/// <summary>Where states and checkpoints are kept.</summary>
public interface IStateStore
{
    /// <summary>Ties the store to a log: remembers its identity, or refuses another one.</summary>
    /// <exception cref="WrongLogException">The store belongs to another log.</exception>
    ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken);

    /// <summary>States of the given actors, in order; null where nothing is known of one.</summary>
    ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>All states of a kind, tombstones left out, in no particular order.</summary>
    IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, CancellationToken cancellationToken);

    /// <summary>The last checkpoint of a partition, or null.</summary>
    ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken);

    /// <summary>
    /// Writes states, then the checkpoint if there is one: when the checkpoint is stored, every state is. A state whose version is
    /// not higher than the stored one is left as it is.
    /// </summary>
    /// <exception cref="UnavailableException">The store cannot be written now; some states may have been.</exception>
    ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken);
}

/// <summary>The store was built from another log; the message says which and what to do.</summary>
public sealed class WrongLogException(string message) : Exception(message);
