using Cinegrain.Ingest;
using Cinegrain.Model.Events;

namespace Cinegrain.Api.Movies;

/// <summary>A movie of the catalogue, as a caller sends it. Fields that are not listed here are not kept.</summary>
internal sealed record MovieInput
{
    /// <summary>Catalogue id; may be left out where the address names it.</summary>
    public string? Id { get; init; }

    /// <summary>Title, without the year.</summary>
    public required string Title { get; init; }

    /// <summary>Year of release, 1800 to 2200.</summary>
    public int? Year { get; init; }

    /// <summary>Day of release.</summary>
    public DateOnly? Released { get; init; }

    /// <summary>Up to 20 genres.</summary>
    public IReadOnlyList<string>? Genres { get; init; }

    /// <summary>Original language, ISO 639-1.</summary>
    public string? Language { get; init; }

    /// <summary>Up to 20 directors.</summary>
    public IReadOnlyList<string>? Directors { get; init; }

    /// <summary>Up to 100 actors, in order of billing.</summary>
    public IReadOnlyList<string>? Cast { get; init; }
}

/// <summary>A movie and what was learned of it.</summary>
internal sealed record MovieResponse
{
    /// <summary>Catalogue id.</summary>
    public required string Id { get; init; }

    /// <summary>Title, without the year.</summary>
    public required string Title { get; init; }

    /// <summary>Year of release, if known.</summary>
    public int? Year { get; init; }

    /// <summary>Day of release, if known.</summary>
    public DateOnly? Released { get; init; }

    public required IReadOnlyList<string> Genres { get; init; }

    /// <summary>Original language (ISO 639-1), if known.</summary>
    public string? Language { get; init; }

    public required IReadOnlyList<string> Directors { get; init; }

    /// <summary>Leading cast, in order of billing.</summary>
    public required IReadOnlyList<string> Cast { get; init; }

    /// <summary>Interactions ever.</summary>
    public required int Interactions { get; init; }

    /// <summary>Interactions decayed with time constants of 1, 7, 90 and 365 days, as of now.</summary>
    public required IReadOnlyList<double> Popularity { get; init; }

    /// <summary>Time of the first interaction, if there was one.</summary>
    public DateTimeOffset? FirstSeen { get; init; }

    public static MovieResponse Of(MovieDetails movie) => new()
    {
        Id = movie.Metadata.Id,
        Title = movie.Metadata.Title,
        Year = movie.Metadata.Year,
        Released = movie.Metadata.Released,
        Genres = movie.Metadata.Genres,
        Language = movie.Metadata.Language,
        Directors = movie.Metadata.Directors,
        Cast = movie.Metadata.Cast,
        Interactions = movie.Interactions,
        Popularity = movie.Popularity,
        FirstSeen = movie.FirstSeen,
    };
}

/// <summary>A page of a search.</summary>
internal sealed record MoviePageResponse
{
    public required IReadOnlyList<MovieResponse> Items { get; init; }

    /// <summary>What <c>after</c> takes for the next page; left out on the last.</summary>
    public string? Next { get; init; }
}

/// <summary>What became of movies that were sent many at once.</summary>
internal sealed record MoviesPutResponse
{
    /// <summary>How many are in the catalogue now.</summary>
    public required int Accepted { get; init; }

    /// <summary>Lines refused.</summary>
    public required IReadOnlyList<RejectedLine> Rejected { get; init; }
}

/// <summary>A movie among others.</summary>
internal sealed record ListedMovie
{
    /// <summary>Catalogue id.</summary>
    public required string Movie { get; init; }

    /// <summary>Title, without the year.</summary>
    public required string Title { get; init; }

    /// <summary>Year of release, if known.</summary>
    public int? Year { get; init; }

    public required IReadOnlyList<string> Genres { get; init; }

    /// <summary>Orders the movies of this list; has no unit.</summary>
    public required double Score { get; init; }

    /// <summary>Interactions ever.</summary>
    public required int Interactions { get; init; }

    public static IReadOnlyList<ListedMovie> Of(IReadOnlyList<ScoredMovie> movies) =>
    [
        .. movies.Select(m => new ListedMovie
        {
            Movie = m.Metadata.Id,
            Title = m.Metadata.Title,
            Year = m.Metadata.Year,
            Genres = m.Metadata.Genres,
            Score = m.Score,
            Interactions = m.Interactions,
        }),
    ];
}

/// <summary>A list of movies, best first.</summary>
internal sealed record MovieListResponse
{
    public required IReadOnlyList<ListedMovie> Items { get; init; }
}

/// <summary>Movies like another.</summary>
internal sealed record SimilarResponse
{
    /// <summary>The movie asked for.</summary>
    public required string Movie { get; init; }

    /// <summary>Best first.</summary>
    public required IReadOnlyList<ListedMovie> Items { get; init; }
}
