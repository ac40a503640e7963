using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>What analysts see of users; key = 0.</summary>
[Alias("Cinegrain.IDocumentsGrain")]
public interface IDocumentsGrain : IGrainWithIntegerKey
{
    /// <summary>Completes with true once there is no document of what a user did below an offset, and none comes any more; false when that takes longer than the limit.</summary>
    /// <param name="user">Pseudonym of the user, whose erasure is in the log.</param>
    /// <param name="partition">The user's partition.</param>
    /// <param name="below">Offset of the erasure, plus one.</param>
    /// <param name="limit">How long to wait.</param>
    [AlwaysInterleave]
    [Alias("Erase")]
    Task<bool> EraseAsync(string user, int partition, long below, TimeSpan limit);
}

/// <summary>The documents of users that a silo's host writes. A host that writes none adds no such service.</summary>
public interface IUserDocuments
{
    /// <summary>Completes once there is no document of what a user did below an offset, and none comes any more.</summary>
    /// <exception cref="Model.Ports.UnavailableException">Not now; try again.</exception>
    Task EraseAsync(string user, int partition, long below, CancellationToken cancellationToken);
}
