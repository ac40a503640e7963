using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>What an erasure removed from the log.</summary>
/// <param name="Interactions">Records of the user.</param>
/// <param name="Rejected">Refused input that named the user.</param>
public readonly record struct LogErasure(int Interactions, int Rejected);

/// <summary>A log that can remove records for good, and find those of one key.</summary>
public interface IErasableLog : ILog
{
    /// <summary>True when what is erased is gone at once; false when every reader passes over it until retention removes it.</summary>
    bool ErasesAtOnce => true;

    /// <summary>
    /// Removes a user's interactions below an offset and all refused input that names the user, so that no file has their bytes. May be repeated.
    /// </summary>
    /// <param name="pseudonym">The user.</param>
    /// <param name="upToOffset">Offset in the user's partition of interactions; what stands at or above it stays.</param>
    /// <exception cref="UnavailableException">Not all was erased; try again.</exception>
    Task<LogErasure> EraseUserAsync(string pseudonym, long upToOffset, CancellationToken cancellationToken);

    /// <summary>All records of a key in a partition, oldest first.</summary>
    IAsyncEnumerable<LogRecord> ReadKeyAsync(string topic, int partition, string key, CancellationToken cancellationToken);
}
