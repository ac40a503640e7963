namespace Cinegrain.Model.Ranking;

/// <summary>What a caller asks of a ranking. The defaults ask for the ten best unseen movies.</summary>
public sealed record RecommendationQuery
{
    /// <summary>Movies wanted, 1 to 100.</summary>
    public int Count { get; init; } = 10;

    /// <summary>Only movies with one of these genres (any case); empty: all.</summary>
    public IReadOnlyList<string> Genres { get; init; } = [];

    /// <summary>Only movies of this year or later.</summary>
    public int? YearFrom { get; init; }

    /// <summary>Only movies of this year or earlier.</summary>
    public int? YearTo { get; init; }

    /// <summary>Only movies in one of these languages (ISO 639-1); empty: all.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Only movies with at least this many interactions.</summary>
    public int MinVotes { get; init; }

    /// <summary>Ids of movies to leave out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>True to rank movies that the user has seen, too; what the user disliked stays out.</summary>
    public bool IncludeSeen { get; init; }

    /// <summary>0: by score alone; 1: as different from each other as possible (maximal marginal relevance).</summary>
    public double Diversity { get; init; }

    /// <summary>True to have the reasons of each movie.</summary>
    public bool Explain { get; init; }
}
