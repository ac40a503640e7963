using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Ranking;

/// <summary>The restrictions of a query, prepared for one view.</summary>
internal sealed class CandidateFilter
{
    private readonly CatalogueView _view;
    private readonly RecommendationQuery _query;
    private readonly bool[] _sets;
    private readonly HashSet<int> _excluded = [];

    public CandidateFilter(CatalogueView view, RecommendationQuery query)
    {
        (_view, _query) = (view, query);
        var wanted = new HashSet<int>();
        foreach (var name in query.Genres)
        {
            if (view.TryGetGenre(name, out var genre))
            {
                wanted.Add(genre);
            }
        }

        _sets = [.. view.GenreSets.Select(set => query.Genres.Count == 0 || set.Any(wanted.Contains))];
        foreach (var id in query.Exclude)
        {
            if (view.Index.TryGetHandle(id, out var movie))
            {
                _excluded.Add(movie);
            }
        }
    }

    public bool Accepts(int movie)
    {
        if (!_sets[_view.GenreSet[movie]] || _view.Count(movie) < _query.MinVotes || _excluded.Contains(movie))
        {
            return false;
        }

        var year = _view.Year[movie];
        if ((_query.YearFrom is { } from && year < from) || (_query.YearTo is { } to && (year == 0 || year > to)))
        {
            return false;
        }

        return _query.Languages.Count == 0
            || (_view.MetadataOf(movie)?.Language is { } language && _query.Languages.Contains(language, StringComparer.OrdinalIgnoreCase));
    }
}
