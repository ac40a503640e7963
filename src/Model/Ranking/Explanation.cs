using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Why a movie is on a list: the parts of its score against that of an average candidate, one with the mean features of all candidates. Of stage 2 they
/// are integrated gradients (<see cref="RerankWeights.Attribute"/>); the part of its first feature, the score of stage 1, is a sum of weights · features
/// itself, and goes to those. Of stage 1 alone they are w_c · (f_c − mean f_c). Either way they add up to the difference of the scores. Parts that speak of
/// one thing are one reason; the part of the sequence is shared out over the history's movies by what each adds to the sum inside the logarithm.
/// </summary>
internal sealed class Explanation
{
    private const int MostMovies = 3;

    // What is below it, of all that speaks for the movie, is noise to a reader.
    private const double SmallestShare = 0.05;

    private static readonly (ReasonKind Kind, string Against, int[] Features)[] Kinds =
    [
        (ReasonKind.PopularNow, "less popular", [
            RerankFeatures.Blend + Features.Count, RerankFeatures.Blend + Features.Day, RerankFeatures.Blend + Features.Week,
            RerankFeatures.Blend + Features.Quarter, RerankFeatures.Blend + Features.YearLong, RerankFeatures.Hour, RerankFeatures.Fortnight,
            RerankFeatures.LastTaken, RerankFeatures.Interactions, RerankFeatures.RowLength, RerankFeatures.Calibration]),
        (ReasonKind.MatchesTaste, "other genres", [RerankFeatures.Blend + Features.Genre]),
        (ReasonKind.Era, "other years", [RerankFeatures.Blend + Features.Era]),
        (ReasonKind.New, "not new", [RerankFeatures.Blend + Features.Fresh, RerankFeatures.NewRelease]),
        (ReasonKind.WellRated, "lower ratings", [RerankFeatures.Rating]),
        (ReasonKind.FitsYou, "taken by others than you", [
            RerankFeatures.Stage, RerankFeatures.StageDistance, RerankFeatures.PopularityDistance, RerankFeatures.AgeDistance]),
    ];

    // These speak of one movie of the history: its distance.
    private static readonly (int Feature, int Distance)[] OfOneMovie =
    [
        (RerankFeatures.Last, 1), (RerankFeatures.SecondLast, 2), (RerankFeatures.Confidence, 1), (RerankFeatures.LastEra, 1), (RerankFeatures.LastGenre, 1),
    ];

    private static readonly int[] OfTheSequence =
    [
        RerankFeatures.Blend + Features.Recent, RerankFeatures.Blend + Features.Whole, RerankFeatures.Next, RerankFeatures.Near, RerankFeatures.Support,
        RerankFeatures.FromLiked, RerankFeatures.FromDisliked, RerankFeatures.ToLiked, RerankFeatures.Series,
    ];

    private readonly SharedModel _shared;
    private readonly CatalogueView _view;
    private readonly TwoStageRanker _ranker;
    private readonly UserState _user;
    private readonly int _bucket;
    private readonly ModelVariant _variant;

    public Explanation(SharedModel shared, TwoStageRanker ranker, UserState user, int bucket, ModelVariant variant) =>
        (_shared, _view, _ranker, _user, _bucket, _variant) = (shared, shared.View, ranker, user, bucket, variant);

    /// <summary>Reasons of a candidate, the largest share first, what counts against it last.</summary>
    public List<Reason> Of(int movie)
    {
        var parts = new double[RerankFeatures.Number];
        var history = new double[_user.HistoryCount];
        Attribute(Array.IndexOf(_ranker.Table.Movies, movie, 0, _ranker.Table.Count), parts, history);
        var rest = ShareOut(movie, parts, history);

        var found = new List<(Reason Reason, string Against)>();
        for (var d = 1; d <= history.Length; d++)
        {
            var because = _view.Index.Id(_user.HistoryMovie(d));
            found.Add((
                new Reason(ReasonKind.BecauseYouWatched, because, 0, history[d - 1], $"Because you watched {_view.Title(because)}"), "far from what you watched"));
        }

        foreach (var (kind, against, features) in Kinds)
        {
            found.Add((new Reason(kind, null, 0, features.Sum(c => parts[c]), Text(kind, movie)), against));
        }

        return Tell(found, rest);
    }

    private void Attribute(int place, double[] parts, double[] history)
    {
        var table = _ranker.Table;
        var weights = _shared.Weights.Of(_bucket);
        if (_variant == ModelVariant.Stage2)
        {
            _shared.Rerank.Attribute(table, _bucket, place, parts, history);
        }

        var blend = new double[Features.Number];
        for (var c = 0; c < blend.Length; c++)
        {
            blend[c] = weights[c] * (table.Column(RerankFeatures.Blend + c)[place] - table.Mean(RerankFeatures.Blend + c));
        }

        var sum = blend.Sum();
        if (_variant == ModelVariant.Stage1)
        {
            parts[RerankFeatures.Score] = sum;
        }

        // But for what was cut off the sum is the difference of the first feature.
        if (Math.Abs(sum) > 1e-6)
        {
            for (var c = 0; c < blend.Length; c++)
            {
                parts[RerankFeatures.Blend + c] += parts[RerankFeatures.Score] * blend[c] / sum;
            }

            parts[RerankFeatures.Score] = 0;
        }
    }

    /// <summary>Gives the parts that speak of the history to its movies; returns what belongs to none.</summary>
    private double ShareOut(int movie, double[] parts, double[] history)
    {
        var rest = parts[RerankFeatures.Score];
        foreach (var (feature, distance) in OfOneMovie)
        {
            if (distance <= history.Length)
            {
                history[distance - 1] += parts[feature];
            }
            else
            {
                rest += parts[feature];
            }
        }

        var sequence = OfTheSequence.Sum(c => parts[c]);
        var weights = _shared.Weights.Of(_bucket);
        var sums = new double[history.Length];
        for (var distance = 1; distance <= sums.Length; distance++)
        {
            var (recent, whole) = Ranker.Contribution(_view, _user, distance, movie);
            sums[distance - 1] = (weights[Features.Recent] * recent) + (weights[Features.Whole] * whole);
        }

        var total = sums.Sum();
        if (total <= 0)
        {
            return rest + sequence;
        }

        for (var d = 0; d < sums.Length; d++)
        {
            history[d] += sequence * sums[d] / total;
        }

        return rest;
    }

    /// <summary>The largest by name, the small ones together, and all that counts against the movie together.</summary>
    private static List<Reason> Tell(List<(Reason Reason, string Against)> found, double rest)
    {
        var total = found.Sum(part => Math.Max(0, part.Reason.Contribution)) + Math.Max(0, rest);
        var told = new List<Reason>();
        double other = Math.Max(0, rest), against = Math.Min(0, rest);
        var names = new List<string>();
        var movies = 0;
        foreach (var (reason, name) in found.OrderByDescending(part => part.Reason.Contribution))
        {
            if (reason.Contribution <= 0)
            {
                against += reason.Contribution;
                names.Insert(0, name);
            }
            else if (reason.Contribution < SmallestShare * total || (reason.Kind == ReasonKind.BecauseYouWatched && movies++ >= MostMovies))
            {
                other += reason.Contribution;
            }
            else
            {
                told.Add(reason with { Share = Math.Round(reason.Contribution / total, 4) });
            }
        }

        if (total <= 0)
        {
            // Below the average in everything, and yet on the list: what speaks for it is that the rest of the catalogue is further below.
            return [new Reason(ReasonKind.Other, null, 1, against, "Better than the rest of the catalogue")];
        }

        if (other > 0)
        {
            told.Add(new Reason(ReasonKind.Other, null, Math.Round(other / total, 4), other, "Several small things"));
        }

        told.Sort((a, b) => b.Share.CompareTo(a.Share));
        if (against < 0)
        {
            told.Add(new Reason(ReasonKind.Against, null, 0, against, $"Against it: {string.Join(", ", names.Distinct().Take(2).DefaultIfEmpty("small things"))}"));
        }

        return told;
    }

    private string Text(ReasonKind kind, int movie) => kind switch
    {
        ReasonKind.MatchesTaste => TasteText(movie),
        ReasonKind.Era => $"From the years you watch most ({_view.Year[movie]})",
        ReasonKind.New => "New",
        ReasonKind.WellRated => "Rated above the average",
        ReasonKind.FitsYou => "Taken by people with a history like yours",
        _ => "Popular now",
    };

    private string TasteText(int movie)
    {
        var genres = _view.GenreSets[_view.GenreSet[movie]];
        return genres.Length == 0 ? "Matches your taste" : $"Matches your taste for {string.Join(" and ", genres.Select(_view.GenreName).Take(2))}";
    }
}
