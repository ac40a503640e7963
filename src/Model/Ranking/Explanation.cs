using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Why a movie is on a list. The score is linear in the features, so what feature c adds against the mean of the candidates is
/// w_c · (f_c − mean f_c), and these sum to the score's distance from the mean. Features that speak of one thing are one reason; the part of the
/// sequence is shared out over the history's movies by what each adds to the sum inside the logarithm. Shares are of the parts above 0.
/// </summary>
internal sealed class Explanation
{
    private const int MostMovies = 3;

    // What is below it is noise to a reader.
    private const double SmallestShare = 0.05;

    private readonly CatalogueView _view;
    private readonly Ranker _ranker;
    private readonly UserState _user;
    private readonly float[] _weights;
    private readonly float[] _mean = new float[Features.Number];

    public Explanation(CatalogueView view, Ranker ranker, UserState user, ReadOnlySpan<float> weights, int candidates)
    {
        (_view, _ranker, _user, _weights) = (view, ranker, user, weights.ToArray());
        Span<float> features = stackalloc float[Features.Number];
        for (var i = 0; i < candidates; i++)
        {
            ranker.Describe(view, ranker.Top[i], features);
            for (var c = 0; c < features.Length; c++)
            {
                _mean[c] += features[c] / candidates;
            }
        }
    }

    /// <summary>Reasons of a candidate, the largest first; their shares sum to 1.</summary>
    public List<Reason> Of(int movie)
    {
        Span<float> features = stackalloc float[Features.Number];
        _ranker.Describe(_view, movie, features);
        Span<double> parts = stackalloc double[Features.Number];
        for (var c = 0; c < parts.Length; c++)
        {
            parts[c] = _weights[c] * (features[c] - _mean[c]);
        }

        var sequence = parts[Features.Recent] + parts[Features.Whole];
        var popularity = parts[Features.Count] + parts[Features.Day] + parts[Features.Week] + parts[Features.Quarter] + parts[Features.YearLong];
        var reasons = new List<Reason>();
        if (sequence > 0 && _ranker.HasSequence)
        {
            AddMovies(movie, sequence, reasons);
        }

        Add(reasons, ReasonKind.PopularNow, popularity, "Popular now");
        Add(reasons, ReasonKind.MatchesTaste, parts[Features.Genre], TasteText(movie));
        Add(reasons, ReasonKind.Era, parts[Features.Era], $"From the years you watch most ({_view.Year[movie]})");
        Add(reasons, ReasonKind.New, parts[Features.Fresh], "New in the catalogue");
        if (reasons.Count == 0)
        {
            // Below the mean in everything, and yet on the list: what speaks for it is that the rest of the catalogue is further below.
            reasons.Add(new Reason(ReasonKind.PopularNow, null, 1, "Popular now"));
        }

        return Normalise(reasons);
    }

    private void AddMovies(int movie, double part, List<Reason> reasons)
    {
        var sums = new double[_user.HistoryCount];
        var total = 0.0;
        for (var distance = 1; distance <= sums.Length; distance++)
        {
            var (recent, whole) = Ranker.Contribution(_view, _user, distance, movie);
            sums[distance - 1] = (_weights[Features.Recent] * recent) + (_weights[Features.Whole] * whole);
            total += sums[distance - 1];
        }

        if (total <= 0)
        {
            return;
        }

        foreach (var place in Enumerable.Range(0, sums.Length).OrderByDescending(i => sums[i]).Take(MostMovies).Where(i => sums[i] > 0))
        {
            var because = _view.Index.Id(_user.HistoryMovie(place + 1));
            reasons.Add(new Reason(ReasonKind.BecauseYouWatched, because, part * sums[place] / total, $"Because you watched {_view.Title(because)}"));
        }
    }

    private string TasteText(int movie)
    {
        var genres = _view.GenreSets[_view.GenreSet[movie]];
        return genres.Length == 0 ? "Matches your taste" : $"Matches your taste for {string.Join(" and ", genres.Select(_view.GenreName).Take(2))}";
    }

    private static void Add(List<Reason> reasons, ReasonKind kind, double part, string text)
    {
        if (part > 0)
        {
            reasons.Add(new Reason(kind, null, part, text));
        }
    }

    private static List<Reason> Normalise(List<Reason> reasons)
    {
        var total = reasons.Sum(reason => reason.Share);
        var kept = reasons.FindAll(reason => reason.Share >= SmallestShare * total);
        total = kept.Sum(reason => reason.Share);
        return [.. kept
            .Select(reason => reason with { Share = Math.Round(reason.Share / total, 4) })
            .OrderByDescending(reason => reason.Share)];
    }
}
