using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Tests.Ranking;

/// <summary>
/// The formulas of stage 1 as they are written down (design section 5), in double precision, from the events alone: no shared code with the
/// model but the names of the features.
/// </summary>
internal sealed class NaiveRanker
{
    private readonly World _world;
    private readonly IReadOnlySet<string> _withdrawn;
    private readonly Dictionary<string, int> _counts = [];
    private readonly Dictionary<string, List<double>> _times = [];
    private readonly Dictionary<(string From, string To), double> _rows = [];
    private readonly Dictionary<string, List<(string Movie, InteractionKind Kind)>> _histories = [];
    private readonly Dictionary<(string User, string Movie), InteractionKind> _opinions = [];

    public NaiveRanker(World world, IReadOnlySet<string>? withdrawn = null)
    {
        (_world, _withdrawn) = (world, withdrawn ?? new HashSet<string>());
        foreach (var e in world.Events)
        {
            if (_opinions.TryGetValue((e.User, e.Movie), out _))
            {
                if (e.Kind != InteractionKind.Click)
                {
                    _opinions[(e.User, e.Movie)] = e.Kind;
                }

                continue;
            }

            _opinions[(e.User, e.Movie)] = e.Kind;
            var history = _histories.TryGetValue(e.User, out var known) ? known : _histories[e.User] = [];
            for (var d = 1; d <= Math.Min(20, history.Count); d++)
            {
                // in_i[h] += w is the row of h; out_i[h] += 0.8 w is the row of i. Fixed point of 1/256.
                var before = history[^d].Movie;
                var w = Math.Exp(-(d - 1) / 30.0);
                _rows[(before, e.Movie)] = _rows.GetValueOrDefault((before, e.Movie)) + Math.Round(256 * w);
                _rows[(e.Movie, before)] = _rows.GetValueOrDefault((e.Movie, before)) + Math.Round(256 * 0.8 * w);
            }

            history.Add((e.Movie, e.Kind));
            _counts[e.Movie] = _counts.GetValueOrDefault(e.Movie) + 1;
            (_times.TryGetValue(e.Movie, out var times) ? times : _times[e.Movie] = []).Add(e.At.ToUnixTimeSeconds());
        }
    }

    /// <summary>Scores of the movies that may be on the user's list.</summary>
    public Dictionary<string, double> Scores(string user, RecommendationQuery query, double[] weights, long now)
    {
        var history = _histories.GetValueOrDefault(user) ?? [];
        var candidates = _world.Movies.Where(m => IsCandidate(user, m, query)).ToArray();
        var recent = candidates.ToDictionary(m => m.Id, m => Sequence(history, m.Id, 3, 10));
        var whole = candidates.ToDictionary(m => m.Id, m => Sequence(history, m.Id, 15, 50));
        var features = candidates.ToDictionary(m => m.Id, _ => new double[Features.Number]);
        var popularities = new[] { 1.0, 7, 90, 365 }.Select(tau => _world.Movies.ToDictionary(m => m.Id, m => Popularity(m.Id, tau, now))).ToArray();
        foreach (var movie in candidates)
        {
            var f = features[movie.Id];
            f[0] = LogShare(recent[movie.Id], recent.Values.Max());
            f[1] = LogShare(whole[movie.Id], whole.Values.Max());
            f[2] = Math.Log(0.05 + ((double)_counts.GetValueOrDefault(movie.Id) / _counts.Values.Max()));
            for (var i = 0; i < popularities.Length; i++)
            {
                f[3 + i] = Math.Log(0.05 + (popularities[i][movie.Id] / popularities[i].Values.Max()));
            }

            f[7] = 2 * GenreCosine(history, movie);
            f[8] = Era(history, movie);
            f[9] = _times.TryGetValue(movie.Id, out var times) ? Math.Exp(-(now - times.Min()) / 86400.0 / 30) : 0;
        }

        return features.ToDictionary(f => f.Key, f => f.Value.Zip(weights, (x, w) => x * w).Sum());
    }

    /// <summary>True when the mean year of a history is so near the middle of two quarters that single precision may round it the other way.</summary>
    public bool IsBetweenQuarters(string user) => MeanYear(_histories.GetValueOrDefault(user) ?? []) is { } mean
        && Math.Abs((4 * mean) - Math.Floor(4 * mean) - 0.5) < 0.01;

    private bool IsCandidate(string user, MovieMetadata movie, RecommendationQuery query)
    {
        var taken = _opinions.TryGetValue((user, movie.Id), out var kind);
        return !_withdrawn.Contains(movie.Id)
            && !(taken && kind == InteractionKind.Dislike)
            && !(taken && kind != InteractionKind.Click && !query.IncludeSeen)
            && (query.Genres.Count == 0 || movie.Genres.Intersect(query.Genres, StringComparer.OrdinalIgnoreCase).Any())
            && (query.YearFrom is null || movie.Year >= query.YearFrom)
            && (query.YearTo is null || movie.Year <= query.YearTo)
            && (query.Languages.Count == 0 || query.Languages.Contains(movie.Language))
            && _counts.GetValueOrDefault(movie.Id) >= query.MinVotes
            && !query.Exclude.Contains(movie.Id);
    }

    /// <summary>S_q(j) = (N_j+3)^−0.4 · Σ_d e^(−(d−1)/q) · C[h_d→j] / (N_{h_d}+3)^0.6.</summary>
    private double Sequence(List<(string Movie, InteractionKind Kind)> history, string candidate, double q, int length)
    {
        var sum = 0.0;
        for (var d = 1; d <= Math.Min(length, history.Count); d++)
        {
            var h = history[^d].Movie;
            sum += Math.Exp(-(d - 1) / q) * (_rows.GetValueOrDefault((h, candidate)) + Content(h, candidate)) / Math.Pow(_counts[h] + 3, 0.6);
        }

        return sum / Math.Pow(_counts.GetValueOrDefault(candidate) + 3, 0.4);
    }

    /// <summary>A movie of fewer than 5 interactions leads to its 20 nearest by content as if one co-occurrence (256) fell on a similarity of 1.</summary>
    private double Content(string from, string to)
    {
        if (from == to || _counts[from] >= 5 || _withdrawn.Contains(from))
        {
            return 0;
        }

        var movie = _world.Movies.Single(m => m.Id == from);
        var nearest = _world.Movies.Where(m => m.Id != from && !_withdrawn.Contains(m.Id))
            .OrderByDescending(m => (float)Similarity(movie, m)).ThenBy(m => m.Id, StringComparer.Ordinal)
            .Take(20);
        return nearest.FirstOrDefault(m => m.Id == to) is { } near ? 256 * (5 - _counts[from]) / 5.0 * Similarity(movie, near) : 0;
    }

    private static double Similarity(MovieMetadata a, MovieMetadata b)
    {
        var genres = a.Genres.Intersect(b.Genres).Count();
        var people = a.People().Intersect(b.People()).Count();
        return (genres == 0 ? 0 : 0.6 * genres / Math.Sqrt(a.Genres.Count * b.Genres.Count))
            + (people == 0 ? 0 : 0.3 * people / a.People().Union(b.People()).Count())
            + (a.Year is { } x && b.Year is { } y ? 0.1 * Math.Exp(-Math.Abs(x - y) / 8.0) : 0);
    }

    private double Popularity(string movie, double tau, long now) =>
        _times.GetValueOrDefault(movie)?.Sum(t => Math.Exp(-(now - t) / 86400.0 / tau)) ?? 0;

    private double GenreCosine(List<(string Movie, InteractionKind Kind)> history, MovieMetadata movie)
    {
        var taste = new Dictionary<string, double>();
        for (var d = 1; d <= Math.Min(50, history.Count); d++)
        {
            var genres = _world.Movies.Single(m => m.Id == history[^d].Movie).Genres;
            foreach (var genre in genres)
            {
                taste[genre] = taste.GetValueOrDefault(genre) + (Math.Exp(-(d - 1) / 15.0) / Math.Sqrt(genres.Count));
            }
        }

        var norm = Math.Sqrt(taste.Values.Sum(x => x * x));
        return norm == 0 || movie.Genres.Count == 0 ? 0 : movie.Genres.Sum(g => taste.GetValueOrDefault(g)) / norm / Math.Sqrt(movie.Genres.Count);
    }

    private double Era(List<(string Movie, InteractionKind Kind)> history, MovieMetadata movie)
    {
        // The mean is taken to the quarter of a year.
        return MeanYear(history) is { } mean && movie.Year is { } year
            ? -0.5 * Math.Log(1 + (Math.Abs(year - (Math.Round(4 * mean) / 4)) / 3))
            : -0.8;
    }

    private double? MeanYear(List<(string Movie, InteractionKind Kind)> history)
    {
        double sum = 0, weights = 0;
        for (var d = 1; d <= Math.Min(50, history.Count); d++)
        {
            if (_world.Movies.Single(m => m.Id == history[^d].Movie).Year is { } year)
            {
                (sum, weights) = (sum + (Math.Exp(-(d - 1) / 15.0) * year), weights + Math.Exp(-(d - 1) / 15.0));
            }
        }

        return weights > 0 ? sum / weights : null;
    }

    private static double LogShare(double value, double maximum) => maximum > 0 ? Math.Log(0.05 + (value / maximum)) : 0;
}
