using System.Numerics;
using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// Intra-list distance (Smyth and McClave 2001; Ziegler et al. 2005): mean over the pairs of a list of 1 − cosine of their sets of genres. Movies without
/// genres are alike to none.
/// </summary>
internal sealed class GenreDistance
{
    private const int Bits = 64;

    private readonly int _words;
    private readonly ulong[] _genres;
    private readonly int[] _counts;

    public GenreDistance(RatingData data)
    {
        var numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var genre in data.Movies.SelectMany(movie => movie.Genres))
        {
            numbers.TryAdd(genre, numbers.Count);
        }

        _words = (numbers.Count + Bits - 1) / Bits;
        _genres = new ulong[data.Movies.Count * _words];
        _counts = new int[data.Movies.Count];
        for (var movie = 0; movie < _counts.Length; movie++)
        {
            foreach (var number in data.Movies[movie].Genres.Select(genre => numbers[genre]).Distinct())
            {
                _genres[(movie * _words) + (number / Bits)] |= 1UL << (number % Bits);
                _counts[movie]++;
            }
        }
    }

    /// <summary>Distance within a list, 0 to 1; null with fewer than two movies.</summary>
    public double? Within(ReadOnlySpan<int> list)
    {
        if (list.Length < 2)
        {
            return null;
        }

        double sum = 0;
        for (var a = 1; a < list.Length; a++)
        {
            for (var b = 0; b < a; b++)
            {
                sum += 1 - Similarity(list[a], list[b]);
            }
        }

        return sum / (list.Length * (list.Length - 1) / 2);
    }

    private double Similarity(int a, int b)
    {
        var common = 0;
        for (var word = 0; word < _words; word++)
        {
            common += BitOperations.PopCount(_genres[(a * _words) + word] & _genres[(b * _words) + word]);
        }

        return common == 0 ? 0 : common / Math.Sqrt((double)_counts[a] * _counts[b]);
    }
}
