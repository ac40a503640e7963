using System.Runtime.Intrinsics;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Reranking;

/// <summary>
/// The best candidates of stage 1 with their features for stage 2, one column per feature (<see cref="RerankFeatures"/>), padded to whole vectors. Scratch of one
/// ranking: an instance serves one thread at a time and allocates nothing but when the catalogue grows.
/// </summary>
internal sealed class CandidateTable
{
    /// <summary>Candidates that stage 2 re-ranks.</summary>
    public const int Candidates = 100;

    /// <summary>Length of a column: the candidates, padded to whole vectors.</summary>
    public const int Stride = 104;

    private const int Lanes = 8;
    private const int NextLength = 10, SeriesLength = 10;
    private const float Unit = 1f / ModelConstants.FixedPoint;
    private const double HourSeconds = 3600;
    private const int HourPopularity = 4, QuarterPopularity = 2, FortnightPopularity = 5;

    // ln of what is as far away as an event can be, for a movie that nobody took.
    private const float NeverTaken = 12;

    private static readonly float[] Third = Decays(3), Sixth = Decays(6), Fifteenth = Decays(15), Tenth = Decays(10);

    private readonly float[] _columns = new float[RerankFeatures.Number * Stride];
    private short[] _slots = [];
    private (int Place, int Slot)[] _hits = [];

    /// <summary>Number of candidates.</summary>
    public int Count { get; private set; }

    /// <summary>Handles of the candidates, best of stage 1 first.</summary>
    public int[] Movies { get; } = new int[Candidates];

    /// <summary>Handles of the last movies of the history, newest first.</summary>
    public int[] History { get; } = new int[RerankFeatures.Length];

    /// <summary>Number of movies in <see cref="History"/>.</summary>
    public int HistoryCount { get; private set; }

    /// <summary>All features: <see cref="RerankFeatures.Number"/> columns of <see cref="Stride"/> values.</summary>
    public ReadOnlySpan<float> Features => _columns;

    /// <summary>One column.</summary>
    public Span<float> Column(int feature) => _columns.AsSpan(feature * Stride, Stride);

    /// <summary>Mean of a column over the candidates.</summary>
    public double Mean(int feature)
    {
        var mean = 0.0;
        foreach (var value in Column(feature)[..Count])
        {
            mean += value / (double)Count;
        }

        return mean;
    }

    /// <summary>Describes the best candidates of the ranking just made, under the same read lease of the view.</summary>
    /// <param name="found">Candidates that the ranking found; the best <see cref="Candidates"/> of them are taken.</param>
    public void Fill(CatalogueView view, Ranker ranker, UserState user, RerankWeights weights, long nowSeconds, int found)
    {
        Count = Math.Min(found, Candidates);
        HistoryCount = 0;
        Array.Clear(_columns);
        ranker.Top.AsSpan(0, Count).CopyTo(Movies);
        while (HistoryCount < Math.Min(user.HistoryCount, RerankFeatures.Length))
        {
            History[HistoryCount] = user.HistoryMovie(++HistoryCount);
        }

        FillBlend(view, ranker);
        FillSequence(view, user);
        FillItems(view, weights, nowSeconds);
        FillUser(view, user, nowSeconds);
        FillContent(view);
        foreach (var feature in weights.Ablated)
        {
            Column(feature).Clear();
        }
    }

    private void FillBlend(CatalogueView view, Ranker ranker)
    {
        Span<float> features = stackalloc float[Ranking.Features.Number];
        for (var j = 0; j < Count; j++)
        {
            _columns[j] = Math.Max(-8, ranker.TopScores[j] - ranker.TopScores[0]);
            ranker.Describe(view, Movies[j], features);
            for (var c = 0; c < features.Length; c++)
            {
                _columns[((RerankFeatures.Blend + c) * Stride) + j] = features[c];
            }
        }
    }

    private void FillSequence(CatalogueView view, UserState user)
    {
        if (_slots.Length < view.Size)
        {
            _slots = new short[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)view.Size)];
        }

        for (var j = 0; j < Count; j++)
        {
            _slots[Movies[j]] = (short)(j + 1);
        }

        var last = Column(RerankFeatures.Last);
        var second = Column(RerankFeatures.SecondLast);
        var next = Column(RerankFeatures.Next);
        var near = Column(RerankFeatures.Near);
        var support = Column(RerankFeatures.Support);
        var confidence = Column(RerankFeatures.Confidence);
        var fromLiked = Column(RerankFeatures.FromLiked);
        var fromDisliked = Column(RerankFeatures.FromDisliked);
        var toLiked = Column(RerankFeatures.ToLiked);
        for (var d = 1; d <= HistoryCount; d++)
        {
            var source = History[d - 1];
            if (view.Row(source) is not { } row)
            {
                continue;
            }

            var preference = user.HistoryPreference(d);
            var (isLiked, isDisliked) = (UserState.IsLiked(preference), preference < 0);
            var discount = view.CountPower6[source];
            var (nextFactor, nearFactor) = (d <= NextLength ? discount * Third[d - 1] : 0, discount * Sixth[d - 1]);
            var slow = Fifteenth[d - 1];
            for (var hits = FindCandidates(row.Movies); hits > 0; hits--)
            {
                var (place, slot) = _hits[hits - 1];
                var weight = row.At(place);
                var all = weight.All * slow;
                support[slot] += all;
                next[slot] += nextFactor * weight.Next;
                near[slot] += nearFactor * weight.Near;
                toLiked[slot] += slow * discount * weight.Liked;
                fromLiked[slot] += isLiked ? all * discount : 0;
                fromDisliked[slot] += isDisliked ? all * discount : 0;
                if (d == 1)
                {
                    (last[slot], confidence[slot]) = (weight.All, weight.All);
                }
                else if (d == 2)
                {
                    second[slot] = weight.All;
                }
            }
        }

        for (var j = 0; j < Count; j++)
        {
            _slots[Movies[j]] = 0;
        }

        LogShare(view, last, 0.5f);
        LogShare(view, second, 0.5f);
        LogShare(view, next, 1);
        LogShare(view, near, 1);
        LogShare(view, fromLiked, 1);
        LogShare(view, fromDisliked, 1);
        LogShare(view, toLiked, 1);
        var perSource = HistoryCount > 0 ? Unit / Math.Max(1, view.Count(History[0])) : 0;
        for (var at = 0; at < Stride; at += Lanes)
        {
            Store(support, at, Vector256.Create(0.5f) * Vector256.Log(Vector256.Create(0.1f) + (Load(support, at) * Vector256.Create(Unit))));
            Store(confidence, at, Vector256<float>.One
                + (Vector256.Create(0.5f) * Vector256.Log(Vector256.Create(0.003f) + (Load(confidence, at) * Vector256.Create(perSource)))));
        }
    }

    /// <summary>Notes which places of a row are candidates; returns how many. Without a branch, which nobody could foresee.</summary>
    private int FindCandidates(ReadOnlySpan<int> movies)
    {
        if (_hits.Length <= movies.Length)
        {
            _hits = new (int, int)[movies.Length + CatalogueRow.Limit];
        }

        var found = 0;
        for (var place = 0; place < movies.Length; place++)
        {
            var slot = _slots[movies[place]] - 1;
            _hits[found] = (place, slot);
            found += slot >= 0 ? 1 : 0;
        }

        return found;
    }

    private void FillItems(CatalogueView view, RerankWeights weights, long nowSeconds)
    {
        var everyone = view.Everyone;
        var meanPreference = view.Interactions > 0 ? everyone.Preference / view.Interactions : 0;
        var (hours, fortnights) = (view.PopularityOf(HourPopularity), view.PopularityOf(FortnightPopularity));
        var (hourScale, fortnightScale) = (Inverse(hours.Maximum), Inverse(fortnights.Maximum));
        var hour = Column(RerankFeatures.Hour);
        var fortnight = Column(RerankFeatures.Fortnight);
        var lastTaken = Column(RerankFeatures.LastTaken);
        var interactions = Column(RerankFeatures.Interactions);
        var rating = Column(RerankFeatures.Rating);
        var calibration = Column(RerankFeatures.Calibration);
        var length = Column(RerankFeatures.RowLength);
        for (var j = 0; j < Count; j++)
        {
            var movie = Movies[j];
            var count = view.Count(movie);
            hour[j] = hours.Values[movie] * hourScale;
            fortnight[j] = fortnights.Values[movie] * fortnightScale;
            lastTaken[j] = count == 0 ? NeverTaken : MathF.Log(1 + (float)(Math.Max(0, nowSeconds - view.LastSeen(movie)) / HourSeconds));
            interactions[j] = count;

            // A preference of 1 is two stars above the middle.
            rating[j] = (float)(4 * (view.Audience(movie).Preference - (meanPreference * count)) / (count + 5));
            calibration[j] = weights.Calibration(movie);
            length[j] = view.Row(movie)?.Count ?? 0;
        }

        var floor = Vector256.Create(Ranking.Features.Floor);
        for (var at = 0; at < Stride; at += Lanes)
        {
            Store(hour, at, Vector256.Log(floor + Load(hour, at)));
            Store(fortnight, at, Vector256.Log(floor + Load(fortnight, at)));
            Store(lastTaken, at, Vector256<float>.One - (Vector256.Create(0.3f) * Load(lastTaken, at)));
            Store(interactions, at, (Vector256.Create(0.4f) * Vector256.Log(Vector256<float>.One + Load(interactions, at))) - Vector256<float>.One);
            Store(length, at, (Vector256.Create(0.3f) * Vector256.Log(Vector256<float>.One + Load(length, at))) - Vector256<float>.One);
        }
    }

    private void FillUser(CatalogueView view, UserState user, long nowSeconds)
    {
        var everyone = view.Everyone;
        var bucket = ModelConstants.LengthBucket(user.MovieCount);
        var share = view.Interactions > 0 ? Math.Max(1e-6, everyone.Length(bucket) / (double)view.Interactions) : 1;
        var own = MathF.Log(1 + user.MovieCount);
        var quarters = view.PopularityOf(QuarterPopularity);
        var quarterScale = (float)Math.Min(quarters.FactorAt(nowSeconds), float.MaxValue);

        float usualPopularity = 0, usualAge = 0, sum = 0;
        for (var d = 1; d <= HistoryCount; d++)
        {
            var movie = History[d - 1];
            if (movie < view.Size)
            {
                usualPopularity += Tenth[d - 1] * MathF.Log(0.01f + (quarters.Values[movie] * quarterScale));
                usualAge += Tenth[d - 1] * Age(view, movie, user.HistoryTime(d));
                sum += Tenth[d - 1];
            }
        }

        var stage = Column(RerankFeatures.Stage);
        var distance = Column(RerankFeatures.StageDistance);
        var popularity = Column(RerankFeatures.PopularityDistance);
        var age = Column(RerankFeatures.AgeDistance);
        for (var j = 0; j < Count; j++)
        {
            var movie = Movies[j];
            var count = view.Count(movie);
            ref readonly var audience = ref view.Audience(movie);
            stage[j] = (float)Math.Log((audience.Length(bucket) + (3 * share)) / ((count + 3) * share));
            distance[j] = -Math.Abs(own - (float)(audience.LogLength / Math.Max(1, count)));
            if (sum > 0)
            {
                popularity[j] = -0.4f * Math.Abs(MathF.Log(0.01f + (quarters.Values[movie] * quarterScale)) - (usualPopularity / sum));
                age[j] = -0.3f * Math.Abs(Age(view, movie, nowSeconds) - (usualAge / sum));
            }
        }
    }

    private void FillContent(CatalogueView view)
    {
        var last = HistoryCount > 0 && History[0] < view.Size ? History[0] : -1;
        var release = Column(RerankFeatures.NewRelease);
        var era = Column(RerankFeatures.LastEra);
        var genre = Column(RerankFeatures.LastGenre);
        var series = Column(RerankFeatures.Series);
        for (var j = 0; j < Count; j++)
        {
            var movie = Movies[j];
            var year = view.Year[movie];
            release[j] = year > 0 ? MathF.Exp((year - view.NewestYear) / 1.5f) : 0;
            era[j] = last < 0 || year == 0 || view.Year[last] == 0 ? -0.8f : -0.5f * MathF.Log(1 + Math.Abs(year - view.Year[last]));
            genre[j] = last < 0 ? 0 : (float)ContentNeighbours.GenreCosine(view.GenreSets[view.GenreSet[movie]], view.GenreSets[view.GenreSet[last]]);
            series[j] = IsOfSeries(view, view.TitleKeyOf(movie)) ? 1 : 0;
        }
    }

    private bool IsOfSeries(CatalogueView view, int key)
    {
        if (key == 0)
        {
            return false;
        }

        for (var d = 0; d < Math.Min(HistoryCount, SeriesLength); d++)
        {
            if (History[d] < view.Size && view.TitleKeyOf(History[d]) == key)
            {
                return true;
            }
        }

        return false;
    }

    private static float Age(CatalogueView view, int movie, long seconds) =>
        view.Count(movie) == 0 ? 0 : MathF.Log(1 + (float)(Math.Max(0, seconds - view.FirstSeen(movie)) / CatalogueView.DaySeconds));

    /// <summary>scale · lg(n4(j) · column).</summary>
    private void LogShare(CatalogueView view, Span<float> column, float scale)
    {
        var highest = 0f;
        for (var j = 0; j < Count; j++)
        {
            column[j] *= view.CountPower4[Movies[j]];
            highest = Math.Max(highest, column[j]);
        }

        if (highest <= 0)
        {
            column.Clear();
            return;
        }

        for (var at = 0; at < Stride; at += Lanes)
        {
            var share = Vector256.Create(Ranking.Features.Floor) + (Load(column, at) * Vector256.Create(1 / highest));
            Store(column, at, Vector256.Create(scale) * Vector256.Log(share));
        }
    }

    private static Vector256<float> Load(Span<float> column, int at) => Vector256.Create<float>(column[at..]);

    private static void Store(Span<float> column, int at, Vector256<float> values) => values.CopyTo(column[at..]);

    private static float Inverse(float maximum) => maximum > 0 ? 1 / maximum : 0;

    private static float[] Decays(double constant) =>
        [.. Enumerable.Range(0, RerankFeatures.Length).Select(d => (float)Math.Exp(-d / constant))];
}
