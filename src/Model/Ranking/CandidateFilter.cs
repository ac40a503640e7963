using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Ranking;

/// <summary>The restrictions of a query. Each that a query has goes over the movies by itself, so that those it has not cost nothing.</summary>
internal static class CandidateFilter
{
    /// <summary>Sets the scores of the movies that the query does not accept to −∞.</summary>
    /// <param name="scores">By movie.</param>
    public static void Apply(CatalogueView view, RecommendationQuery query, Span<float> scores)
    {
        if (query.Genres.Count > 0)
        {
            KeepGenres(view, query.Genres, scores);
        }

        if (query.MinVotes > 0)
        {
            for (var movie = 0; movie < scores.Length; movie++)
            {
                if (view.Count(movie) < query.MinVotes)
                {
                    scores[movie] = float.NegativeInfinity;
                }
            }
        }

        if (query.YearFrom is not null || query.YearTo is not null)
        {
            // A year that is not known is 0, which no bound accepts.
            var (from, to) = (query.YearFrom ?? int.MinValue, query.YearTo);
            for (var movie = 0; movie < scores.Length; movie++)
            {
                var year = view.Year[movie];
                if (year < from || (to is { } last && (year == 0 || year > last)))
                {
                    scores[movie] = float.NegativeInfinity;
                }
            }
        }

        if (query.Languages.Count > 0)
        {
            for (var movie = 0; movie < scores.Length; movie++)
            {
                if (view.MetadataOf(movie)?.Language is not { } language || !query.Languages.Contains(language, StringComparer.OrdinalIgnoreCase))
                {
                    scores[movie] = float.NegativeInfinity;
                }
            }
        }

        foreach (var id in query.Exclude)
        {
            if (view.Index.TryGetHandle(id, out var movie) && movie < scores.Length)
            {
                scores[movie] = float.NegativeInfinity;
            }
        }
    }

    private static void KeepGenres(CatalogueView view, IReadOnlyList<string> genres, Span<float> scores)
    {
        var wanted = new HashSet<int>();
        foreach (var name in genres)
        {
            if (view.TryGetGenre(name, out var genre))
            {
                wanted.Add(genre);
            }
        }

        bool[] sets = [.. view.GenreSets.Select(set => set.Any(wanted.Contains))];
        for (var movie = 0; movie < scores.Length; movie++)
        {
            if (!sets[view.GenreSet[movie]])
            {
                scores[movie] = float.NegativeInfinity;
            }
        }
    }
}
