using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation.Baselines;

/// <summary>
/// Item-based nearest neighbours with cosine similarity of who took what (Sarwar et al. 2001), kept up to date by counts (as in Huang et
/// al., TencentRec, 2015): C_ij users took both i and j, N_i took i; score(j) = Σ over the user's movies h of C_hj / √(N_h · N_j).
/// </summary>
internal sealed class ItemKnn : IMethod
{
    /// <summary>Movies taken beyond which the table of all pairs does not fit into memory.</summary>
    public const int MostMovies = 30_000;

    private const int Width = 16;

    private readonly Audience _audience;
    private readonly int[] _numbers;
    private readonly List<int> _movies = [];

    // Row of each movie over the movies numbered by their first event. A count stops at 65,535.
    private readonly List<ushort[]> _pairs = [];
    private readonly List<float> _inverseRoots = [];
    private readonly List<int> _counts = [];
    private readonly float[] _scores;
    private readonly float[] _scoresByMovie;

    public ItemKnn(RatingData data, Audience audience)
    {
        _audience = audience;
        _numbers = new int[data.Movies.Count];
        _scores = new float[Math.Min(data.Movies.Count, MostMovies) + Width];
        _scoresByMovie = new float[data.Movies.Count];
        Array.Fill(_numbers, -1);
    }

    public string Name => "Cosine item-kNN";

    public int TestThenLearn(in Rating rating, bool listed, Span<int> list)
    {
        var history = _audience.History(rating.User);
        var length = 0;
        if (listed)
        {
            Score(history);
            length = TopList.Select(_scoresByMovie, 0, _audience, rating.User, list);
        }

        Learn(rating, history);
        return length;
    }

    public void Dispose()
    {
    }

    private void Score(ReadOnlySpan<int> history)
    {
        Array.Clear(_scores);
        foreach (var movie in history)
        {
            var number = _numbers[movie];
            Add(_pairs[number], _inverseRoots[number]);
        }

        for (var number = 0; number < _movies.Count; number++)
        {
            _scoresByMovie[_movies[number]] = _scores[number] * _inverseRoots[number];
        }
    }

    private void Add(ushort[] row, float factor)
    {
        var factors = Vector256.Create(factor);
        ref var sums = ref MemoryMarshal.GetArrayDataReference(_scores);
        ref var counts = ref MemoryMarshal.GetArrayDataReference(row);
        for (nuint at = 0; at < (nuint)row.Length; at += Width)
        {
            var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref counts, at));
            (Vector256.LoadUnsafe(ref sums, at) + (Vector256.ConvertToSingle(low.AsInt32()) * factors)).StoreUnsafe(ref sums, at);
            (Vector256.LoadUnsafe(ref sums, at + 8) + (Vector256.ConvertToSingle(high.AsInt32()) * factors)).StoreUnsafe(ref sums, at + 8);
        }
    }

    private void Learn(in Rating rating, ReadOnlySpan<int> history)
    {
        if (_audience.Has(rating.User, rating.Movie))
        {
            return;
        }

        var number = _numbers[rating.Movie];
        if (number < 0)
        {
            number = _numbers[rating.Movie] = _movies.Count;
            _movies.Add(rating.Movie);
            _pairs.Add([]);
            _inverseRoots.Add(0);
            _counts.Add(0);
        }

        _counts[number]++;
        _inverseRoots[number] = 1 / MathF.Sqrt(_counts[number]);
        foreach (var movie in history)
        {
            var other = _numbers[movie];
            Count(number, other);
            Count(other, number);
        }
    }

    private void Count(int from, int to)
    {
        var row = _pairs[from];
        if (to >= row.Length)
        {
            Array.Resize(ref row, Math.Min(_scores.Length, Math.Max(to + 1, row.Length + (row.Length / 2))) / Width * Width + Width);
            _pairs[from] = row;
        }

        row[to] += row[to] < ushort.MaxValue ? (ushort)1 : (ushort)0;
    }
}
