using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;
using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>A user; key = pseudonym. It learns from its stream of <c>cinegrain.interactions</c> alone.</summary>
[Alias("Cinegrain.IUserGrain")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>The current list; that of a newcomer for a user of whom nothing is known.</summary>
    [Alias("Recommend")]
    Task<Immutable<RecommendationList>> RecommendAsync(Immutable<RecommendationQuery> query);

    /// <summary>What is known of the user, or null.</summary>
    [Alias("Profile")]
    Task<Immutable<UserProfile>?> ProfileAsync();

    /// <summary>Completes once everything of the user below an offset of its partition is applied; true, or false when that takes longer than the limit.</summary>
    [AlwaysInterleave]
    [Alias("WaitFor")]
    Task<bool> WaitForAsync(long version, TimeSpan limit);

    /// <summary>Completes once the user's version is above one, or when the limit has passed.</summary>
    [AlwaysInterleave]
    [Alias("WaitForChange")]
    Task WaitForChangeAsync(long version, TimeSpan limit);

    /// <summary>
    /// Persists the user and, where it was erased, has every reader pass over what the log holds of it. Called when a checkpoint of its partition is due.
    /// </summary>
    /// <param name="offset">Offset of the last record that was delivered to the user.</param>
    /// <returns>Offset of the last record that the user has: below the one asked for when it lost some with its silo, and then nothing is persisted.</returns>
    /// <remarks>A large checkpoint fills the store's queue for a while, and one that is given up is made anew from its beginning: so there is much time.</remarks>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Alias("Persist")]
    Task<long> PersistAsync(long offset);
}
