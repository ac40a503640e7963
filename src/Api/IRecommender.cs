using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Api;

/// <summary>
/// The one port between the REST API and a host. Users are pseudonyms here: the API makes them with <see cref="Pseudonymizer"/>
/// before it calls. Every method may throw <see cref="UnavailableException"/>, which the API answers as 503 with Retry-After.
/// </summary>
public interface IRecommender
{
    /// <summary>True once the host has caught up with its log after the start.</summary>
    bool IsReady { get; }

    /// <summary>Sends interactions through the intake. Completes when what was accepted is durable in the log.</summary>
    /// <param name="lines">One JSON object each, with the raw user id.</param>
    /// <param name="idempotencyKey">Key of the caller's; ids are then made from key and line.</param>
    Task<IntakeReceipt> SubmitAsync(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Waits until the user's actor has applied the caller's write; returns at once when it has.</summary>
    /// <param name="after">Position from a receipt.</param>
    /// <exception cref="FormatException">Not a position of this log.</exception>
    Task WaitForAsync(string user, string after, CancellationToken cancellationToken);

    /// <summary>The user's current list. An unknown user gets the list of a newcomer.</summary>
    ValueTask<RecommendationList> RecommendAsync(string user, RecommendationQuery query, CancellationToken cancellationToken);

    /// <summary>The current list, then a new one whenever it changes, until cancelled.</summary>
    IAsyncEnumerable<RecommendationList> WatchAsync(string user, RecommendationQuery query, CancellationToken cancellationToken);

    /// <summary>The list's position in the form that <c>after</c> takes.</summary>
    string FormatPosition(string user, RecommendationList list);

    /// <summary>What is known of a user, or null.</summary>
    ValueTask<UserProfile?> GetProfileAsync(string user, CancellationToken cancellationToken);

    /// <summary>All that the log and the state hold of a user: the profile, then each record of the user's log, oldest first; null when unknown.</summary>
    Task<UserExport?> ExportAsync(string user, CancellationToken cancellationToken);

    /// <summary>Erases a user; completes when nothing of the user can be read any more.</summary>
    Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken);

    /// <summary>Gives or withdraws consent to learning; completes when the user's actor has applied it.</summary>
    Task<string> SetConsentAsync(string user, bool learning, CancellationToken cancellationToken);

    /// <summary>A movie with its traits, or null.</summary>
    ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken);

    /// <summary>Adds or replaces movies; completes when durable and visible to rankings of this process.</summary>
    Task PutMoviesAsync(IReadOnlyList<MovieMetadata> movies, CancellationToken cancellationToken);

    /// <summary>Withdraws a movie from lists and searches; false when there was none.</summary>
    Task<bool> DeleteMovieAsync(string id, CancellationToken cancellationToken);

    /// <summary>Movies whose title contains every word of the query (any case, no accents), most taken first, then by id.</summary>
    /// <param name="query">Words; null or empty: all movies.</param>
    /// <param name="after">The last movie of the page before, or null.</param>
    ValueTask<MoviePage> SearchMoviesAsync(string? query, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Movies taken near this one, best first, or null when there is no such movie.</summary>
    ValueTask<IReadOnlyList<ScoredMovie>?> GetSimilarAsync(string id, int count, CancellationToken cancellationToken);

    /// <summary>Movies whose popularity of the last days stands out against that of the last months.</summary>
    ValueTask<IReadOnlyList<ScoredMovie>> GetTrendingAsync(int count, CancellationToken cancellationToken);

    /// <summary>The most taken movies of the last 90 days.</summary>
    ValueTask<IReadOnlyList<ScoredMovie>> GetPopularAsync(int count, CancellationToken cancellationToken);

    /// <summary>What the dashboard page shows.</summary>
    ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken);
}

/// <summary>A movie and what was learned of it.</summary>
/// <param name="Metadata">Catalogue entry.</param>
/// <param name="Interactions">Interactions ever.</param>
/// <param name="Popularity">Interactions decayed with time constants of 1, 7, 90 and 365 days, as of now.</param>
/// <param name="FirstSeen">Time of the first interaction.</param>
/// <param name="Version">Changes whenever the catalogue entry or the counts do; for ETags.</param>
public sealed record MovieDetails(
    MovieMetadata Metadata, int Interactions, IReadOnlyList<double> Popularity, DateTimeOffset? FirstSeen, long Version);

/// <summary>A page of a search.</summary>
/// <param name="Next">Cursor of the next page, or null on the last.</param>
public sealed record MoviePage(IReadOnlyList<MovieDetails> Items, string? Next);

/// <summary>A movie and a score that only orders it among its neighbours.</summary>
public sealed record ScoredMovie(MovieMetadata Metadata, double Score, int Interactions);

/// <summary>All that is held of a user.</summary>
/// <param name="Records">The records of the user's log as they stand there, oldest first.</param>
public sealed record UserExport(UserProfile Profile, IReadOnlyList<UserRecord> Records);

/// <summary>What an erasure removed.</summary>
/// <param name="Position">Position of the erasure in the user's log.</param>
/// <param name="Removed">What was removed from where, with counts; names such as <c>state</c>, <c>log records</c>, <c>rejected records</c>.</param>
/// <param name="Remaining">What stays and why, such as the tombstone; with the time when it goes, if it does.</param>
public sealed record ErasureReport(
    string Position, DateTimeOffset At, IReadOnlyDictionary<string, long> Removed, IReadOnlyList<RemainingData> Remaining);

/// <summary>Something of a user that an erasure left.</summary>
public sealed record RemainingData(string What, string Why, DateTimeOffset? Until);

/// <summary>A point of a time series or the count of a class.</summary>
public sealed record DashboardCount(string Label, double Value);

/// <summary>Live quality over one span of arrival time; rates are over the events tested in it.</summary>
public sealed record DashboardQuality(
    DateTimeOffset From, int Tested, double Recall, double Ndcg, double PopularityRecall, double PopularityNdcg);

/// <summary>How a variant of the model does live, over the last 24 hours; each measure with its 95 % confidence interval.</summary>
/// <param name="Name"><c>stage1</c> or <c>stage2</c>.</param>
/// <param name="Coverage">Share of the catalogue on its last tested lists.</param>
/// <param name="Offered">Lists made for somebody to see since the start of the server.</param>
/// <param name="ClickThrough">Share of them of which a film was taken before the next list.</param>
public sealed record DashboardVariant(
    string Name,
    long Tested,
    DashboardEstimate Recall,
    DashboardEstimate Ndcg,
    DashboardEstimate PopularityRecall,
    double Coverage,
    long Offered,
    DashboardEstimate ClickThrough);

/// <summary>A measure with the bounds of its 95 % confidence interval.</summary>
public sealed record DashboardEstimate(double Value, double Low, double High);

/// <summary>Data of the dashboard page.</summary>
public sealed record DashboardData
{
    public required long Users { get; init; }
    public required int Movies { get; init; }
    public required long Interactions { get; init; }
    public required double EventsPerSecond { get; init; }

    /// <summary>Median and 99th percentile, in milliseconds, from arrival of an interaction until the user's list has its effect.</summary>
    public required double FreshnessP50 { get; init; }
    public required double FreshnessP99 { get; init; }

    /// <summary>Records that arrived and are not learned yet.</summary>
    public required long Lag { get; init; }

    public required IReadOnlyList<DashboardCount> MoviesByYear { get; init; }
    public required IReadOnlyList<DashboardCount> Genres { get; init; }
    public required IReadOnlyList<DashboardCount> Languages { get; init; }
    public required IReadOnlyList<DashboardCount> Ratings { get; init; }

    /// <summary>Interactions by arrival, one point a minute, the last two hours.</summary>
    public required IReadOnlyList<DashboardCount> InteractionsByMinute { get; init; }

    /// <summary>Interactions by month of event time.</summary>
    public required IReadOnlyList<DashboardCount> InteractionsByMonth { get; init; }

    public required IReadOnlyList<DashboardCount> Rejected { get; init; }
    public required IReadOnlyList<DashboardQuality> Quality { get; init; }

    /// <summary>The variants of the model that users are served with.</summary>
    public required IReadOnlyList<DashboardVariant> Variants { get; init; }

    public required IReadOnlyList<ScoredMovie> Popular { get; init; }
    public required IReadOnlyList<ScoredMovie> Trending { get; init; }
}
