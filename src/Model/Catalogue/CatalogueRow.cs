using Cinegrain.Model.Movies;

namespace Cinegrain.Model.Catalogue;

/// <summary>
/// Merged co-occurrence row of a movie x: C[x→j] = out_x[j] + in_j[x], in units of 1/256, in every channel. Both parts are kept, so that each can be
/// replaced by a newer absolute value. Past its limit the row keeps the entries with the highest C / (N_j + 3)^0.4.
/// </summary>
internal sealed class CatalogueRow
{
    public const int Limit = 500, Kept = 400;

    // The totals stand apart, since stage 1 reads nothing else.
    private int[] _movies = [];
    private float[] _totals = [];
    private Parts[] _parts = [];

    public CatalogueRow()
    {
    }

    private CatalogueRow(int capacity) => (_movies, _totals, _parts) = (new int[capacity], new float[capacity], new Parts[capacity]);

    /// <summary>The row of a movie of which no other says anything.</summary>
    public static CatalogueRow FromOut(ReadOnlySpan<NeighbourEntry> entries)
    {
        var row = new CatalogueRow(entries.Length);
        foreach (var entry in entries)
        {
            row._movies[row.Count] = entry.Movie;
            row._totals[row.Count] = entry.Weight.All;
            row._parts[row.Count++].FromOut = entry.Weight;
        }

        return row;
    }

    /// <summary>The row of a movie x from out_x and from what other movies say of it, pruned.</summary>
    /// <param name="fromOut">As <see cref="FromOut"/> made it; null when x has no out-entries.</param>
    /// <param name="entries">in_j[x], with j as their movie, each j once.</param>
    /// <param name="places">Scratch with a number for each movie, all 0, and left so.</param>
    public static CatalogueRow Merge(
        CatalogueRow? fromOut, ReadOnlySpan<NeighbourEntry> entries, int[] places, IPopularity popularity, MovieIndex index)
    {
        var row = new CatalogueRow((fromOut?.Count ?? 0) + entries.Length);
        if (fromOut is not null)
        {
            fromOut.Movies.CopyTo(row._movies);
            fromOut.Totals.CopyTo(row._totals);
            fromOut._parts.AsSpan(0, fromOut.Count).CopyTo(row._parts);
            row.Count = fromOut.Count;
            for (var place = 0; place < row.Count; place++)
            {
                places[row._movies[place]] = place + 1;
            }
        }

        foreach (var entry in entries)
        {
            var place = places[entry.Movie] is > 0 and var known ? known - 1 : row.Count++;
            row._movies[place] = entry.Movie;
            row._parts[place].FromIn = entry.Weight;
            row._totals[place] += entry.Weight.All;
        }

        foreach (var movie in fromOut is null ? [] : fromOut.Movies)
        {
            places[movie] = 0;
        }

        row.Prune(popularity, index);
        if (row._movies.Length > Limit + ModelConstants.ContextLength)
        {
            row.Resize(Limit + ModelConstants.ContextLength);
        }

        return row;
    }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Movies => _movies.AsSpan(0, Count);

    /// <summary>C[x→j] of all co-occurrences, parallel to <see cref="Movies"/>.</summary>
    public ReadOnlySpan<float> Totals => _totals.AsSpan(0, Count);

    /// <summary>C[x→j] in every channel, of the entry at a place.</summary>
    public CoOccurrence At(int place) => _parts[place].FromOut + _parts[place].FromIn;

    /// <summary>Replaces out_x[j].</summary>
    public void SetFromOut(NeighbourEntry entry)
    {
        if (Place(entry, Find(entry.Movie)) is >= 0 and var place)
        {
            ref var parts = ref _parts[place];
            parts.FromOut = entry.Weight;
            _totals[place] = (float)entry.Weight.All + parts.FromIn.All;
        }
    }

    /// <summary>Movie of the first entry, or −1.</summary>
    public int First => Count > 0 ? _movies[0] : -1;

    /// <summary>Place of a movie's entry; without one, the complement of how many entries were looked at.</summary>
    public int Find(int movie) => Movies.IndexOf(movie) is >= 0 and var place ? place : ~Count;

    /// <summary>Replaces in_j[x], j being the movie of the entry.</summary>
    /// <param name="found">What <see cref="Find"/> said; entries may have been added since.</param>
    public void SetFromIn(NeighbourEntry entry, int found)
    {
        if (Place(entry, found) is >= 0 and var place)
        {
            ref var parts = ref _parts[place];
            parts.FromIn = entry.Weight;
            _totals[place] = (float)entry.Weight.All + parts.FromOut.All;
        }
    }

    /// <summary>C[x→j] of all co-occurrences, 0 when there is no such entry.</summary>
    public float Total(int movie)
    {
        var place = Movies.IndexOf(movie);
        return place < 0 ? 0 : _totals[place];
    }

    /// <summary>Prunes when the limit is passed.</summary>
    public void Prune(IPopularity popularity, MovieIndex index)
    {
        if (Count <= Limit)
        {
            return;
        }

        Span<bool> stays = stackalloc bool[Count];
        EntryPruning.Choose(Movies, Totals, Kept, popularity, index, stays);
        var to = 0;
        for (var from = 0; from < stays.Length; from++)
        {
            if (stays[from])
            {
                (_movies[to], _totals[to], _parts[to]) = (_movies[from], _totals[from], _parts[from]);
                to++;
            }
        }

        Count = to;
    }

    /// <summary>Place of the entry's movie, added when there is a weight; −1 when there is nothing to set.</summary>
    private int Place(NeighbourEntry entry, int found)
    {
        if (found >= 0)
        {
            return found;
        }

        var added = Movies[~found..].IndexOf(entry.Movie);
        if (added >= 0 || entry.Weight.IsNone)
        {
            return added < 0 ? -1 : ~found + added;
        }

        if (Count == _movies.Length)
        {
            var capacity = Count < 16 ? 16 : Count < Limit ? Math.Min(Limit + ModelConstants.ContextLength, Count * 2) : Count + 64;
            Resize(capacity);
        }

        _movies[Count] = entry.Movie;
        (_totals[Count], _parts[Count]) = (0, default);
        return Count++;
    }

    private void Resize(int capacity)
    {
        Array.Resize(ref _movies, capacity);
        Array.Resize(ref _totals, capacity);
        Array.Resize(ref _parts, capacity);
    }

    private struct Parts
    {
        public CoOccurrence FromOut, FromIn;
    }
}
