using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Movies;

/// <summary>
/// A sparse list of co-occurrence weights by movie, unordered. Weights are sums of integers in units of
/// 1/<see cref="ModelConstants.FixedPoint"/>, so the order of arrival does not matter. When it grows past its limit, only the entries with the
/// highest weight / (N + 3)^0.4 stay.
/// </summary>
internal sealed class NeighbourList(int limit, int kept)
{
    private int[] _movies = [];
    private CoOccurrence[] _weights = [];

    public int Count { get; private set; }

    /// <summary>Sum of all weight ever received (of all co-occurrences), pruned entries included.</summary>
    public long Total { get; private set; }

    public ReadOnlySpan<int> Movies => _movies.AsSpan(0, Count);

    public ReadOnlySpan<CoOccurrence> Weights => _weights.AsSpan(0, Count);

    /// <summary>Adds to an entry and returns it.</summary>
    public NeighbourEntry Add(int movie, CoOccurrence amount)
    {
        Total += amount.All;
        var place = Movies.IndexOf(movie);
        if (place >= 0)
        {
            return new(movie, _weights[place] += amount);
        }

        if (Count == _movies.Length)
        {
            var capacity = Count < 16 ? 16 : Math.Min(limit + ModelConstants.ContextLength, Count * 2);
            Array.Resize(ref _movies, capacity);
            Array.Resize(ref _weights, capacity);
        }

        _movies[Count] = movie;
        _weights[Count++] = amount;
        return new(movie, amount);
    }

    /// <summary>Prunes when the limit is passed.</summary>
    /// <param name="removed">Takes the movies that left.</param>
    public void Prune(IPopularity popularity, MovieIndex index, List<NeighbourEntry> removed)
    {
        if (Count <= limit)
        {
            return;
        }

        Span<bool> stays = stackalloc bool[Count];
        Span<float> weights = stackalloc float[Count];
        for (var i = 0; i < Count; i++)
        {
            weights[i] = _weights[i].All;
        }

        EntryPruning.Choose(Movies, weights, kept, popularity, index, stays);
        var to = 0;
        for (var from = 0; from < stays.Length; from++)
        {
            if (stays[from])
            {
                _movies[to] = _movies[from];
                _weights[to++] = _weights[from];
            }
            else
            {
                removed.Add(new(_movies[from], default));
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
            _weights[i].Write(writer);
        }
    }

    public static NeighbourList Read(ref StateReader reader, MovieIndex index, int limit, int kept)
    {
        var list = new NeighbourList(limit, kept) { Total = reader.Int64(), Count = reader.Count(limit) };
        list._movies = new int[list.Count];
        list._weights = new CoOccurrence[list.Count];
        for (var i = 0; i < list.Count; i++)
        {
            list._movies[i] = index.Handle(reader.Utf8());
            list._weights[i] = CoOccurrence.Read(ref reader);
        }

        return list;
    }
}
