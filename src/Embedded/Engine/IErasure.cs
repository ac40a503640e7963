namespace Cinegrain.Embedded.Engine;

/// <summary>A log that can remove records for good, and find those of one key.</summary>
public interface IErasure
{
    /// <summary>
    /// Removes the records of a key below an offset, and whatever the topic of rejected input holds of that key, so that no file has their bytes.
    /// Idempotent.
    /// </summary>
    /// <returns>Records removed from the partition and from the rejected input.</returns>
    /// <exception cref="Model.Ports.UnavailableException">The log cannot be written now.</exception>
    Task<ErasedRecords> EraseAsync(string topic, int partition, string key, long belowOffset, CancellationToken cancellationToken);

    /// <summary>All records of a key in a partition, oldest first.</summary>
    Task<IReadOnlyList<Model.Ports.LogRecord>> ReadKeyAsync(string topic, int partition, string key, CancellationToken cancellationToken);
}

/// <summary>How many records an erasure removed.</summary>
public readonly record struct ErasedRecords(long FromLog, long FromRejected);
