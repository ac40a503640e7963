namespace Cinegrain.Model.Catalogue;

/// <summary>
/// Merged co-occurrence row of a movie x: C[x→j] = out_x[j] + in_j[x], in units of 1/256. Both parts are kept, so that each can be replaced by a
/// newer absolute value. Past its limit the row keeps the entries with the highest C / (N_j + 3)^0.4.
/// </summary>
internal sealed class CatalogueRow
{
    public const int Limit = 500, Kept = 400;

    private int[] _movies = [];
    private float[] _totals = [];
    private int[] _fromOut = [];
    private int[] _fromIn = [];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Movies => _movies.AsSpan(0, Count);

    /// <summary>C[x→j], parallel to <see cref="Movies"/>.</summary>
    public ReadOnlySpan<float> Totals => _totals.AsSpan(0, Count);

    /// <summary>Replaces out_x[j].</summary>
    public void SetFromOut(int movie, int weight)
    {
        if (Place(movie, weight) is >= 0 and var place)
        {
            _fromOut[place] = weight;
            _totals[place] = (float)weight + _fromIn[place];
        }
    }

    /// <summary>Replaces in_j[x].</summary>
    public void SetFromIn(int movie, int weight)
    {
        if (Place(movie, weight) is >= 0 and var place)
        {
            _fromIn[place] = weight;
            _totals[place] = (float)weight + _fromOut[place];
        }
    }

    /// <summary>C[x→j], 0 when there is no such entry.</summary>
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
                (_movies[to], _totals[to], _fromOut[to], _fromIn[to]) = (_movies[from], _totals[from], _fromOut[from], _fromIn[from]);
                to++;
            }
        }

        Count = to;
    }

    /// <summary>Place of the movie, added when the weight is not 0; −1 when there is nothing to set.</summary>
    private int Place(int movie, int weight)
    {
        var place = Movies.IndexOf(movie);
        if (place >= 0 || weight == 0)
        {
            return place;
        }

        if (Count == _movies.Length)
        {
            var capacity = Count < 16 ? 16 : Count < Limit ? Math.Min(Limit + ModelConstants.ContextLength, Count * 2) : Count + 64;
            Array.Resize(ref _movies, capacity);
            Array.Resize(ref _totals, capacity);
            Array.Resize(ref _fromOut, capacity);
            Array.Resize(ref _fromIn, capacity);
        }

        _movies[Count] = movie;
        (_totals[Count], _fromOut[Count], _fromIn[Count]) = (0, 0, 0);
        return Count++;
    }
}
