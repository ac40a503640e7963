namespace Cinegrain.Model.Catalogue;

/// <summary>Chooses which entries of a sparse list stay: those with the highest weight / (N + 3)^0.4, of equal ones those with the smaller id.</summary>
internal static class EntryPruning
{
    [ThreadStatic]
    private static float[]? _scores;

    [ThreadStatic]
    private static float[]? _sorted;

    /// <summary>Marks the entries that stay.</summary>
    /// <param name="movies">Handles of the entries.</param>
    /// <param name="weights">Their weights.</param>
    /// <param name="kept">How many stay; less than there are.</param>
    /// <param name="stays">As long as the entries.</param>
    public static void Choose(
        ReadOnlySpan<int> movies, ReadOnlySpan<float> weights, int kept, IPopularity popularity, MovieIndex index, Span<bool> stays)
    {
        var count = movies.Length;
        if (_scores is null || _sorted is null || _scores.Length < count)
        {
            (_scores, _sorted) = (new float[count], new float[count]);
        }

        for (var i = 0; i < count; i++)
        {
            _sorted[i] = _scores[i] = weights[i] * popularity.Discount(movies[i]);
        }

        _sorted.AsSpan(0, count).Sort();
        var threshold = _sorted[count - kept];
        var above = 0;
        for (var i = 0; i < count; i++)
        {
            stays[i] = _scores[i] > threshold;
            above += stays[i] ? 1 : 0;
        }

        // Ties at the threshold: handles differ between processes, ids do not.
        for (; above < kept; above++)
        {
            var best = -1;
            for (var i = 0; i < count; i++)
            {
                if (!stays[i] && _scores[i] == threshold
                    && (best < 0 || string.CompareOrdinal(index.Id(movies[i]), index.Id(movies[best])) < 0))
                {
                    best = i;
                }
            }

            stays[best] = true;
        }
    }
}
