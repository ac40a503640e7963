using System.Collections.Concurrent;

namespace Cinegrain.Model.Catalogue;

/// <summary>
/// Movies alike by content, for a movie of which little was learned: similarity = 0.6 · cosine of genres + 0.3 · share of common people
/// (Jaccard) + 0.1 · e^(−|Δyear|/8). Computed when first asked for, and again when the catalogue has changed.
/// </summary>
internal sealed class ContentNeighbours(CatalogueView view)
{
    /// <summary>Neighbours kept.</summary>
    public const int Kept = 20;

    private const int CacheLimit = 100_000;
    private const double GenreShare = 0.6, PeopleShare = 0.3, EraShare = 0.1, EraYears = 8;

    private static readonly float[] EraByYears =
        [.. Enumerable.Range(0, CatalogueView.LastYear - CatalogueView.FirstYear).Select(years => (float)(EraShare * Math.Exp(-years / EraYears)))];

    private readonly ConcurrentDictionary<int, (long MadeFrom, int[] Movies, float[] Similarities)> _cache = [];

    /// <summary>The most alike, best first, with similarities of 0 to 1. Under a read lease of the view.</summary>
    public (int[] Movies, float[] Similarities) Of(int movie)
    {
        if (_cache.TryGetValue(movie, out var cached) && cached.MadeFrom == view.MetadataVersion)
        {
            return (cached.Movies, cached.Similarities);
        }

        var (movies, similarities) = Compute(movie);
        if (_cache.Count >= CacheLimit)
        {
            _cache.Clear();
        }

        _cache[movie] = (view.MetadataVersion, movies, similarities);
        return (movies, similarities);
    }

    /// <summary>Similarity of two movies by content, 0 to 1.</summary>
    public double Similarity(int a, int b)
    {
        var genres = GenreCosine(view.GenreSets[view.GenreSet[a]], view.GenreSets[view.GenreSet[b]]);
        var era = view.Year[a] > 0 && view.Year[b] > 0 ? EraByYears[Math.Abs(view.Year[a] - view.Year[b])] : 0;
        return (GenreShare * genres) + (PeopleShare * Jaccard(view.People(a), view.People(b))) + era;
    }

    /// <summary>
    /// One pass over the columns: the genre part by set of genres, the era part by year, the people part for those who share somebody. As
    /// <see cref="Similarity"/> has it, without looking at each pair.
    /// </summary>
    private (int[] Movies, float[] Similarities) Compute(int movie)
    {
        var sets = view.GenreSets;
        var ofSet = new float[sets.Count];
        for (var set = 0; set < ofSet.Length; set++)
        {
            ofSet[set] = (float)(GenreShare * GenreCosine(sets[view.GenreSet[movie]], sets[set]));
        }

        var people = new Dictionary<int, float>();
        foreach (var other in view.People(movie).SelectMany(view.MoviesOf))
        {
            if (!people.ContainsKey(other))
            {
                people[other] = (float)(PeopleShare * Jaccard(view.People(movie), view.People(other)));
            }
        }

        var year = view.Year[movie];
        var best = new List<(float Similarity, int Movie)>(Kept + 1);
        for (var other = 0; other < view.Size; other++)
        {
            if (other == movie || view.MetadataOf(other) is null)
            {
                continue;
            }

            var similarity = ofSet[view.GenreSet[other]];
            if (year > 0 && view.Year[other] > 0)
            {
                similarity += EraByYears[Math.Abs(year - view.Year[other])];
            }

            if (people.Count > 0 && people.TryGetValue(other, out var common))
            {
                similarity += common;
            }

            if (best.Count == Kept && !IsBefore(similarity, other, best[^1]))
            {
                continue;
            }

            var place = best.Count;
            while (place > 0 && IsBefore(similarity, other, best[place - 1]))
            {
                place--;
            }

            best.Insert(place, (similarity, other));
            if (best.Count > Kept)
            {
                best.RemoveAt(Kept);
            }
        }

        return ([.. best.Select(b => b.Movie)], [.. best.Select(b => b.Similarity)]);
    }

    private bool IsBefore(float similarity, int movie, (float Similarity, int Movie) other) =>
        similarity > other.Similarity
        || (similarity == other.Similarity && string.CompareOrdinal(view.Index.Id(movie), view.Index.Id(other.Movie)) < 0);

    internal static double GenreCosine(int[] a, int[] b)
    {
        var common = Common(a, b);
        return common == 0 ? 0 : common / Math.Sqrt((double)a.Length * b.Length);
    }

    private static double Jaccard(int[] a, int[] b)
    {
        var common = Common(a, b);
        return common == 0 ? 0 : (double)common / (a.Length + b.Length - common);
    }

    private static int Common(int[] a, int[] b)
    {
        var common = 0;
        foreach (var x in a)
        {
            common += b.AsSpan().Contains(x) ? 1 : 0;
        }

        return common;
    }
}
