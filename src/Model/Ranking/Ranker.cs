using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Stage 1: scores every movie of the view for one user and selects the best. Holds the scratch columns of one ranking, so an instance
/// serves one thread at a time and allocates nothing but when the catalogue grows.
/// <para>S_q(j) = (N_j+3)^−0.4 · Σ_d e^(−(d−1)/q) · C[h_d→j] / (N_{h_d}+3)^0.6, for q = 3 over the last 10 and q = 15 over the last 50
/// (design section 5). Score = Σ weights · <see cref="Features"/>. Ties go to the smaller id.</para>
/// </summary>
internal sealed class Ranker
{
    private const int RecentLength = 10;
    private const double RecentDecay = 3, WholeDecay = 15;
    private const int VectorWidth = 8;

    // Interactions from which a movie's own row stands alone, and the weight of its content neighbours before, in co-occurrences.
    private const int ColdCount = 5;
    private const float ContentWeight = 1;

    private static readonly float[] RecentFactors = Decays(RecentLength, RecentDecay);
    private static readonly float[] WholeFactors = Decays(ModelConstants.HistoryLength, WholeDecay);

    // −½ ln(1 + |Δ| / 3) in quarters of a year.
    private static readonly float[] EraByQuarters = [.. Enumerable.Range(0, 4 * 400).Select(q => -0.5f * MathF.Log(1 + (q / 12f)))];
    private const float EraUnknown = -0.8f;

    private float[] _recent = [], _whole = [], _scores = [];
    private int[] _heldMovies = [];
    private float[] _heldScores = [], _selected = [];
    private Comparison<int>? _byId;
    private float[] _genreOfSet = [];
    private float[] _taste = [];
    private readonly float[] _eraOfYear = new float[CatalogueView.LastYear];
    private float _scaleRecent, _scaleWhole, _freshScale;
    private int _size;

    /// <summary>Handles of the best movies, best first, after <see cref="Rank"/>.</summary>
    public int[] Top { get; private set; } = new int[CandidateTable.Candidates];

    /// <summary>Scores of <see cref="Top"/>.</summary>
    public float[] TopScores { get; private set; } = new float[CandidateTable.Candidates];

    /// <summary>
    /// Ranks under a read lease of the view; returns how many movies were found (fewer than asked when the filter leaves no more).
    /// </summary>
    /// <param name="nowSeconds">Time of the request or of the event tested, Unix seconds.</param>
    /// <param name="count">How many of the best are wanted.</param>
    public int Rank(CatalogueView view, UserState user, RecommendationQuery query, ReadOnlySpan<float> weights, long nowSeconds, int count)
    {
        _size = view.Size;
        var padded = (_size + VectorWidth - 1) / VectorWidth * VectorWidth;
        if (_recent.Length < padded)
        {
            var capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)padded);
            (_recent, _whole, _scores) = (new float[capacity], new float[capacity], new float[capacity]);
        }

        Array.Clear(_recent, 0, padded);
        Array.Clear(_whole, 0, padded);
        Accumulate(view, user);
        ScoreContent(view, user);
        _freshScale = (float)Math.Min(view.Freshness.FactorAt(nowSeconds), float.MaxValue);
        Exclude(view, user, query);
        Score(view, weights, padded);
        return Select(view.Index, count, padded);
    }

    /// <summary>Features of a movie in the ranking just made.</summary>
    public void Describe(CatalogueView view, int movie, Span<float> features)
    {
        features[Features.Recent] = LogShare(_recent[movie] * view.CountPower4[movie], _scaleRecent);
        features[Features.Whole] = LogShare(_whole[movie] * view.CountPower4[movie], _scaleWhole);
        for (var column = 0; column < view.LogColumns.Length; column++)
        {
            features[Features.Count + column] = view.LogColumns[column][movie];
        }

        features[Features.Genre] = _genreOfSet[view.GenreSet[movie]];
        features[Features.Era] = _eraOfYear[view.Year[movie]];
        features[Features.Fresh] = Math.Min(1, view.Freshness.Values[movie] * _freshScale);
    }

    /// <summary>Score of a movie in the ranking just made; −∞ when it was excluded.</summary>
    public float ScoreOf(int movie) => movie < _size ? _scores[movie] : float.NegativeInfinity;

    /// <summary>True when the history leads somewhere, so that the sequence features differ between candidates.</summary>
    public bool HasSequence => _scaleWhole > 0;

    /// <summary>
    /// What the history's movie at a distance adds to the two sequence sums of a candidate, before the logarithm.
    /// </summary>
    public static (float Recent, float Whole) Contribution(CatalogueView view, UserState user, int distance, int movie)
    {
        var source = user.HistoryMovie(distance);
        var weight = view.Row(source) is { } row ? row.Total(movie) * view.CountPower6[source] : 0;
        if (IsCold(view, source))
        {
            var (movies, similarities) = view.Content.Of(source);
            var place = Array.IndexOf(movies, movie);
            weight += place < 0 ? 0 : ContentFactor(view, source) * similarities[place];
        }

        return (distance <= RecentLength ? weight * RecentFactors[distance - 1] : 0, weight * WholeFactors[distance - 1]);
    }

    /// <summary>Rank of a movie among the candidates not excluded, from 0, by a column of the view; ties go to the smaller id.</summary>
    public int RankBy(CatalogueView view, float[] column, int movie)
    {
        var value = column[movie];
        var better = 0;
        for (var other = 0; other < _size; other++)
        {
            if (column[other] >= value && !float.IsNegativeInfinity(_scores[other])
                && (column[other] > value || (other != movie && string.CompareOrdinal(view.Index.Id(other), view.Index.Id(movie)) < 0)))
            {
                better++;
            }
        }

        return better;
    }

    private void Accumulate(CatalogueView view, UserState user)
    {
        ref var whole = ref MemoryMarshal.GetArrayDataReference(_whole);
        ref var recent = ref MemoryMarshal.GetArrayDataReference(_recent);
        for (var distance = 1; distance <= user.HistoryCount; distance++)
        {
            var source = user.HistoryMovie(distance);
            if (IsCold(view, source))
            {
                AccumulateContent(view, source, distance);
            }

            if (view.Row(source) is not { } row)
            {
                continue;
            }

            // A row names movies of the view alone, so a handle is always below the length of the columns.
            var movies = row.Movies;
            var totals = row.Totals;
            var wholeFactor = WholeFactors[distance - 1] * view.CountPower6[source];
            if (distance <= RecentLength)
            {
                var recentFactor = RecentFactors[distance - 1] * view.CountPower6[source];
                for (var i = 0; i < movies.Length; i++)
                {
                    Unsafe.Add(ref whole, movies[i]) += wholeFactor * totals[i];
                    Unsafe.Add(ref recent, movies[i]) += recentFactor * totals[i];
                }
            }
            else
            {
                for (var i = 0; i < movies.Length; i++)
                {
                    Unsafe.Add(ref whole, movies[i]) += wholeFactor * totals[i];
                }
            }
        }
    }

    /// <summary>
    /// A movie of which little was learned leads to those alike by content, with the weight of <see cref="ContentWeight"/> co-occurrences times the
    /// similarity, fading out as interactions come.
    /// </summary>
    private void AccumulateContent(CatalogueView view, int source, int distance)
    {
        var (movies, similarities) = view.Content.Of(source);
        var weight = ContentFactor(view, source);
        for (var i = 0; i < movies.Length; i++)
        {
            _whole[movies[i]] += WholeFactors[distance - 1] * weight * similarities[i];
            if (distance <= RecentLength)
            {
                _recent[movies[i]] += RecentFactors[distance - 1] * weight * similarities[i];
            }
        }
    }

    private static bool IsCold(CatalogueView view, int source) => view.Count(source) < ColdCount && view.MetadataOf(source) is not null;

    private static float ContentFactor(CatalogueView view, int source) =>
        ContentWeight * ModelConstants.FixedPoint * (ColdCount - view.Count(source)) / ColdCount * view.CountPower6[source];

    /// <summary>Genre cosine of every set of genres, and the era feature of every year, for this user.</summary>
    private void ScoreContent(CatalogueView view, UserState user)
    {
        if (_taste.Length < view.GenreCount)
        {
            _taste = new float[view.GenreCount + 16];
        }

        if (_genreOfSet.Length < view.GenreSets.Count)
        {
            _genreOfSet = new float[view.GenreSets.Count * 2];
        }

        Array.Clear(_taste);
        float years = 0, yearWeight = 0;
        for (var distance = 1; distance <= user.HistoryCount; distance++)
        {
            var movie = user.HistoryMovie(distance);
            if (movie >= _size)
            {
                continue;
            }

            var weight = WholeFactors[distance - 1];
            var genres = view.GenreSets[view.GenreSet[movie]];
            if (genres.Length > 0)
            {
                // Each movie counts as a vector of length 1.
                var share = weight / MathF.Sqrt(genres.Length);
                foreach (var genre in genres)
                {
                    _taste[genre] += share;
                }
            }

            if (view.Year[movie] > 0)
            {
                years += weight * view.Year[movie];
                yearWeight += weight;
            }
        }

        var norm = 0f;
        foreach (var value in _taste)
        {
            norm += value * value;
        }

        var inverse = norm > 0 ? 2 / MathF.Sqrt(norm) : 0;
        for (var set = 0; set < view.GenreSets.Count; set++)
        {
            var dot = 0f;
            foreach (var genre in view.GenreSets[set])
            {
                dot += _taste[genre];
            }

            _genreOfSet[set] = view.GenreSets[set].Length == 0 ? 0 : dot * inverse / MathF.Sqrt(view.GenreSets[set].Length);
        }

        _eraOfYear[0] = EraUnknown;
        var mean = yearWeight > 0 ? (int)MathF.Round(4 * years / yearWeight) : -1;
        for (var year = CatalogueView.FirstYear; year < CatalogueView.LastYear; year++)
        {
            _eraOfYear[year] = mean < 0 ? EraUnknown : EraByQuarters[Math.Min(Math.Abs((4 * year) - mean), EraByQuarters.Length - 1)];
        }
    }

    /// <summary>Marks what may not be on the list by a score of −∞.</summary>
    private void Exclude(CatalogueView view, UserState user, RecommendationQuery query)
    {
        Array.Copy(view.Eligible, _scores, Math.Min(view.Eligible.Length, _scores.Length));
        var movies = user.Movies;
        for (var place = 0; place < movies.Length; place++)
        {
            if (movies[place] < _size && (user.IsDislikedAt(place) || (!query.IncludeSeen && user.IsSeenAt(place))))
            {
                Exclude(movies[place]);
            }
        }

        CandidateFilter.Apply(view, query, _scores.AsSpan(0, _size));
    }

    private void Exclude(int movie) => _scores[movie] = float.NegativeInfinity;

    private void Score(CatalogueView view, ReadOnlySpan<float> weights, int padded)
    {
        var highestRecent = Vector256<float>.Zero;
        var highestWhole = Vector256<float>.Zero;
        var power = view.CountPower4;
        for (var movie = 0; movie < padded; movie += VectorWidth)
        {
            // So far a score is 0, or −∞ for what is excluded or not in the catalogue: that has no part in the maxima.
            var scale = Vector256.Create(power.AsSpan(movie));
            var excluded = Vector256.Create(_scores.AsSpan(movie));
            highestRecent = Vector256.Max(highestRecent, (Vector256.Create(_recent.AsSpan(movie)) * scale) + excluded);
            highestWhole = Vector256.Max(highestWhole, (Vector256.Create(_whole.AsSpan(movie)) * scale) + excluded);
        }

        _scaleRecent = Inverse(highestRecent);
        _scaleWhole = Inverse(highestWhole);

        var floor = Vector256.Create(Features.Floor);
        var scaleRecent = Vector256.Create(_scaleRecent);
        var scaleWhole = Vector256.Create(_scaleWhole);

        // Where nothing of the history leads anywhere the feature is 0 for all, not ln .05.
        var weightRecent = Vector256.Create(_scaleRecent > 0 ? weights[Features.Recent] : 0);
        var weightWhole = Vector256.Create(_scaleWhole > 0 ? weights[Features.Whole] : 0);
        var weightFresh = Vector256.Create(weights[Features.Fresh]);
        var freshScale = Vector256.Create(_freshScale);
        var one = Vector256<float>.One;
        float weightGenre = weights[Features.Genre], weightEra = weights[Features.Era];
        var logs = view.LogColumns;
        Span<float> content = stackalloc float[VectorWidth];
        for (var movie = 0; movie < padded; movie += VectorWidth)
        {
            var genres = view.GenreSet.AsSpan(movie, VectorWidth);
            var years = view.Year.AsSpan(movie, VectorWidth);
            for (var lane = 0; lane < VectorWidth; lane++)
            {
                content[lane] = (weightGenre * _genreOfSet[genres[lane]]) + (weightEra * _eraOfYear[years[lane]]);
            }

            var scale = Vector256.Create(power.AsSpan(movie));
            var score = Vector256.Create(_scores.AsSpan(movie)) + Vector256.Create((ReadOnlySpan<float>)content);
            score += weightRecent * Vector256.Log(floor + (Vector256.Create(_recent.AsSpan(movie)) * scale * scaleRecent));
            score += weightWhole * Vector256.Log(floor + (Vector256.Create(_whole.AsSpan(movie)) * scale * scaleWhole));
            for (var column = 0; column < logs.Length; column++)
            {
                score += Vector256.Create(weights[Features.Count + column]) * Vector256.Create(logs[column].AsSpan(movie));
            }

            score += weightFresh * Vector256.Min(one, Vector256.Create(view.Freshness.Values.AsSpan(movie)) * freshScale);
            score.CopyTo(_scores.AsSpan(movie));
        }
    }

    /// <summary>
    /// The best by score, ties by the smaller id: whatever reaches the worst of the best so far is held, behind a vector comparison, and when enough is
    /// held a selection raises that bound.
    /// </summary>
    private int Select(MovieIndex index, int count, int padded)
    {
        var capacity = Math.Max(256, 2 * count);
        if (_heldScores.Length < capacity)
        {
            (_heldMovies, _heldScores, _selected) = (new int[capacity], new float[capacity], new float[Math.Max(_selected.Length, capacity)]);
        }

        if (Top.Length < count)
        {
            (Top, TopScores) = (new int[count], new float[count]);
        }

        var held = 0;
        var bound = LowerBound(count, padded);
        for (var block = 0; block < padded; block += VectorWidth)
        {
            var mask = Vector256.GreaterThanOrEqual(Vector256.Create(_scores.AsSpan(block)), Vector256.Create(bound)).ExtractMostSignificantBits();
            while (mask != 0)
            {
                var movie = block + System.Numerics.BitOperations.TrailingZeroCount(mask);
                mask &= mask - 1;
                (_heldMovies[held], _heldScores[held]) = (movie, _scores[movie]);
                if (++held == capacity)
                {
                    (held, bound) = Shrink(index, count, held);
                }
            }
        }

        Order(index, held);
        var found = Math.Min(held, count);
        Array.Copy(_heldMovies, Top, found);
        Array.Copy(_heldScores, TopScores, found);
        return found;
    }

    /// <summary>
    /// A score that at least so many movies reach: each block has a movie with the block's maximum, so the count-th highest of the maxima is one.
    /// </summary>
    private float LowerBound(int count, int padded)
    {
        const int Block = 8 * VectorWidth;
        var blocks = padded / Block;
        if (blocks < count)
        {
            return float.MinValue;
        }

        if (_selected.Length < blocks)
        {
            _selected = new float[blocks];
        }

        for (var block = 0; block < blocks; block++)
        {
            var scores = _scores.AsSpan(block * Block, Block);
            var highest = Vector256.Create<float>(scores);
            for (var at = VectorWidth; at < Block; at += VectorWidth)
            {
                highest = Vector256.Max(highest, Vector256.Create<float>(scores[at..]));
            }

            var half = Vector128.Max(highest.GetLower(), highest.GetUpper());
            _selected[block] = Math.Max(Math.Max(half[0], half[1]), Math.Max(half[2], half[3]));
        }

        return Math.Max(float.MinValue, EntryPruning.Smallest(_selected.AsSpan(0, blocks), blocks - count));
    }

    /// <summary>Lets go of what is not among the best; returns how many stay, and the score of the worst of the best.</summary>
    private (int Held, float Bound) Shrink(MovieIndex index, int count, int held)
    {
        Array.Copy(_heldScores, _selected, held);
        var bound = EntryPruning.Smallest(_selected.AsSpan(0, held), held - count);
        var kept = 0;
        for (var i = 0; i < held; i++)
        {
            if (_heldScores[i] >= bound)
            {
                (_heldMovies[kept], _heldScores[kept]) = (_heldMovies[i], _heldScores[i]);
                kept++;
            }
        }

        if (kept < held)
        {
            return (kept, bound);
        }

        // All are equal, or nearly: the ids decide.
        Order(index, held);
        return (count, bound);
    }

    /// <summary>Sorts what is held: best first, ties by id.</summary>
    private void Order(MovieIndex index, int held)
    {
        Array.Sort(_heldScores, _heldMovies, 0, held);
        Array.Reverse(_heldScores, 0, held);
        Array.Reverse(_heldMovies, 0, held);
        for (var from = 0; from < held;)
        {
            var to = from + 1;
            while (to < held && _heldScores[to] == _heldScores[from])
            {
                to++;
            }

            if (to - from > 1)
            {
                _heldMovies.AsSpan(from, to - from).Sort(_byId ??= ById(index));
            }

            from = to;
        }
    }

    private static Comparison<int> ById(MovieIndex index) => (a, b) => string.CompareOrdinal(index.Id(a), index.Id(b));

    private static float LogShare(float sum, float scale) => scale > 0 ? MathF.Log(Features.Floor + (sum * scale)) : 0;

    private static float Inverse(Vector256<float> highest)
    {
        var maximum = 0f;
        for (var lane = 0; lane < VectorWidth; lane++)
        {
            maximum = Math.Max(maximum, highest[lane]);
        }

        return maximum > 0 ? 1 / maximum : 0;
    }

    private static float[] Decays(int length, double decay) =>
        [.. Enumerable.Range(0, length).Select(d => (float)Math.Exp(-d / decay))];
}
