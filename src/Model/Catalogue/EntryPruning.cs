namespace Cinegrain.Model.Catalogue;

/// <summary>Chooses which entries of a sparse list stay: those with the highest weight / (N + 3)^0.4, of equal ones those with the smaller id.</summary>
internal static class EntryPruning
{
    [ThreadStatic]
    private static float[]? _scores;

    [ThreadStatic]
    private static float[]? _selected;

    /// <summary>Marks the entries that stay.</summary>
    /// <param name="movies">Handles of the entries.</param>
    /// <param name="weights">Their weights.</param>
    /// <param name="kept">How many stay; less than there are.</param>
    /// <param name="stays">As long as the entries.</param>
    public static void Choose(
        ReadOnlySpan<int> movies, ReadOnlySpan<float> weights, int kept, IPopularity popularity, MovieIndex index, Span<bool> stays)
    {
        var count = movies.Length;
        if (_scores is null || _selected is null || _scores.Length < count)
        {
            (_scores, _selected) = (new float[count], new float[count]);
        }

        for (var i = 0; i < count; i++)
        {
            _selected[i] = _scores[i] = weights[i] * popularity.Discount(movies[i]);
        }

        var threshold = Smallest(_selected.AsSpan(0, count), count - kept);
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

    /// <summary>The value that would stand at a place if the values were sorted (Hoare's FIND, 1961; pivot: the median of three).</summary>
    public static float Smallest(Span<float> values, int place)
    {
        var (low, high) = (0, values.Length - 1);
        while (low < high)
        {
            var (first, middle, last) = (values[low], values[(low + high) / 2], values[high]);
            var pivot = Math.Max(Math.Min(first, middle), Math.Min(Math.Max(first, middle), last));
            var (i, j) = (low, high);
            while (i <= j)
            {
                while (values[i] < pivot)
                {
                    i++;
                }

                while (values[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (place <= j)
            {
                high = j;
            }
            else if (place >= i)
            {
                low = i;
            }
            else
            {
                break;
            }
        }

        return values[place];
    }
}
