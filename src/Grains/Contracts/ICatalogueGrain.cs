using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>Answers from the catalogue view of the silo that it is in: lists that are the same for every user; key = 0.</summary>
[Alias("Cinegrain.ICatalogueGrain")]
public interface ICatalogueGrain : IGrainWithIntegerKey
{
    /// <summary>A movie's counts, or null when it is not in the catalogue.</summary>
    [Alias("Describe")]
    Task<MovieTraits?> DescribeAsync(string movie);

    /// <summary>Movies whose title has every word of the query, most taken first.</summary>
    /// <param name="after">The last movie of the page before, or null.</param>
    [Alias("Search")]
    Task<TraitsPage> SearchAsync(string? query, string? after, int limit);

    /// <summary>Movies taken near this one, best first, or null when it is not in the catalogue.</summary>
    [Alias("Similar")]
    Task<MovieTraits[]?> SimilarAsync(string movie, int count);

    /// <summary>Movies whose popularity of the last days stands out.</summary>
    [Alias("Trending")]
    Task<MovieTraits[]> TrendingAsync(int count);

    /// <summary>The most taken movies of the last 90 days.</summary>
    [Alias("Popular")]
    Task<MovieTraits[]> PopularAsync(int count);

    /// <summary>Interactions that all movies learned.</summary>
    [Alias("Interactions")]
    Task<long> InteractionsAsync();

    /// <summary>Completes with true once the view has everything of the catalogue below an offset; false when that takes longer than the limit.</summary>
    [AlwaysInterleave]
    [Alias("WaitForMovies")]
    Task<bool> WaitForMoviesAsync(int partition, long offset, TimeSpan limit);
}

/// <summary>What was learned of a movie; its metadata is in the catalogue that everybody reads.</summary>
/// <param name="Movie">Catalogue id.</param>
/// <param name="Count">Interactions ever.</param>
/// <param name="Popularity">Decayed interactions (<see cref="Model.ModelConstants.PopularityDays"/>), as of now.</param>
/// <param name="FirstSeenSeconds">Time of the first interaction, Unix seconds; 0 when there is none.</param>
/// <param name="Score">What orders it in its list; 0 where the list has another order.</param>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.MovieTraits")]
public sealed record MovieTraits(
    [property: Id(0)] string Movie,
    [property: Id(1)] int Count,
    [property: Id(2)] double[] Popularity,
    [property: Id(3)] long FirstSeenSeconds,
    [property: Id(4)] double Score);

/// <summary>A page of a search.</summary>
/// <param name="Movies">The movies.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.TraitsPage")]
public sealed record TraitsPage([property: Id(0)] MovieTraits[] Movies, [property: Id(1)] string? Next);

/// <summary>Hands changes of the catalogue on to the movies' log; key = 0.</summary>
[Alias("Cinegrain.IFeedGrain")]
public interface IFeedGrain : IGrainWithIntegerKey
{
    /// <summary>Hands on what is new. Each silo asks once a second, so that it goes on wherever the grain is.</summary>
    [Alias("HandOn")]
    Task HandOnAsync();
}
