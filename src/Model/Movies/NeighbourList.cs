using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Movies;

/// <summary>Interactions of other movies, as known in this process; what pruning divides by.</summary>
public interface IMovieCounts
{
    /// <summary>Interactions ever of the movie with this handle; 0 when unknown.</summary>
    int Count(int movie);
}

/// <summary>
/// A sparse list of co-occurrence weights by movie, unordered. Weights are sums of integers in units of
/// 1/<see cref="ModelConstants.FixedPoint"/>, so the order of arrival does not matter. When it grows past its limit, only the entries with the
/// highest weight / (N + 3)^0.4 stay.
/// </summary>
internal sealed class NeighbourList(int limit, int kept)
{
    private int[] _movies = [];
    private int[] _weights = [];

    public int Count { get; private set; }

    /// <summary>Sum of all weight ever received, pruned entries included.</summary>
    public long Total { get; private set; }

    public ReadOnlySpan<int> Movies => _movies.AsSpan(0, Count);

    public ReadOnlySpan<int> Weights => _weights.AsSpan(0, Count);

    /// <summary>Adds to an entry and returns its new weight; a weight that would overflow stays at the largest.</summary>
    public int Add(int movie, int amount)
    {
        Total += amount;
        var place = Movies.IndexOf(movie);
        if (place >= 0)
        {
            return _weights[place] = (int)Math.Min(int.MaxValue, (long)_weights[place] + amount);
        }

        if (Count == _movies.Length)
        {
            var capacity = Count < 16 ? 16 : Math.Min(limit + ModelConstants.ContextLength, Count * 2);
            Array.Resize(ref _movies, capacity);
            Array.Resize(ref _weights, capacity);
        }

        _movies[Count] = movie;
        _weights[Count++] = amount;
        return amount;
    }

    /// <summary>Prunes when the limit is passed.</summary>
    /// <param name="removed">Takes the movies that left.</param>
    public void Prune(IMovieCounts counts, MovieIndex index, List<int> removed)
    {
        if (Count <= limit)
        {
            return;
        }

        // Negated, so that the ascending sort has the best first; equal scores go by id, which is the same in every process.
        var order = new (double Score, int Place)[Count];
        for (var i = 0; i < Count; i++)
        {
            order[i] = (-_weights[i] * Math.Pow(counts.Count(_movies[i]) + ModelConstants.PopularityOffset, -ModelConstants.PopularityExponent), i);
        }

        Array.Sort(order, (a, b) => a.Score != b.Score
            ? a.Score.CompareTo(b.Score)
            : string.CompareOrdinal(index.Id(_movies[a.Place]), index.Id(_movies[b.Place])));

        foreach (var (_, place) in order.AsSpan(kept))
        {
            removed.Add(_movies[place]);
            _weights[place] = 0;
        }

        var to = 0;
        for (var from = 0; from < Count; from++)
        {
            if (_weights[from] > 0)
            {
                _movies[to] = _movies[from];
                _weights[to++] = _weights[from];
            }
        }

        Count = to;
    }

    public void Write(StateWriter writer, MovieIndex index)
    {
        writer.Unsigned((ulong)Total);
        writer.Unsigned((ulong)Count);
        for (var i = 0; i < Count; i++)
        {
            writer.String(index.Id(_movies[i]));
            writer.Unsigned((ulong)_weights[i]);
        }
    }

    public static NeighbourList Read(ref StateReader reader, MovieIndex index, int limit, int kept)
    {
        var list = new NeighbourList(limit, kept) { Total = (long)reader.Unsigned(), Count = reader.Count() };
        list._movies = new int[list.Count];
        list._weights = new int[list.Count];
        for (var i = 0; i < list.Count; i++)
        {
            list._movies[i] = index.Handle(reader.String());
            list._weights[i] = (int)reader.Unsigned();
        }

        return list;
    }
}
