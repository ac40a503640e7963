using System.Collections.Concurrent;
using Cinegrain.Model.Events;

namespace Cinegrain.Model.Catalogue;

/// <summary>Finds movies by the words of their titles, in any case and without accents.</summary>
public sealed class TitleSearch(CatalogueView view)
{
    private readonly ConcurrentDictionary<string, (MovieMetadata MadeFrom, string Folded)> _folded = new(StringComparer.Ordinal);

    /// <summary>Movies whose title has every word of the query (as part of a word), most taken first, then by id.</summary>
    /// <param name="after">The last movie of the page before.</param>
    /// <returns>The page, and the movie that the next page comes after; null on the last page.</returns>
    public (IReadOnlyList<MovieSummary> Movies, string? Next) Find(string? query, string? after, int limit, long nowSeconds)
    {
        var words = Fold(query ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var all = view.DescribeAll(nowSeconds);
        var start = after is null ? null : view.Describe(after, nowSeconds);
        var found = new List<MovieSummary>();
        foreach (var movie in all)
        {
            if (Array.TrueForAll(words, word => FoldedTitle(movie.Metadata).Contains(word, StringComparison.Ordinal))
                && (start is null || Compare(start, movie) < 0))
            {
                found.Add(movie);
            }
        }

        found.Sort(Compare);
        return found.Count > limit ? (found[..limit], found[limit - 1].Metadata.Id) : (found, null);
    }

    /// <summary>Lower case, Latin letters without their accents, everything that is no letter or digit a space.</summary>
    internal static string Fold(string text) => string.Create(text.Length, text, static (folded, text) =>
    {
        for (var i = 0; i < folded.Length; i++)
        {
            var c = char.ToLowerInvariant(text[i]);
            var place = Accented.IndexOf(c, StringComparison.Ordinal);
            folded[i] = place >= 0 ? Plain[place] : char.IsLetterOrDigit(c) || char.IsSurrogate(c) ? c : ' ';
        }
    });

    private const string Accented = "àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľłñńņňòóôõöøōŏőŕŗřśŝşšţťŧùúûüũūŭůűųŵýÿŷźżžæœßð";
    private const string Plain = "aaaaaaaaacccccddeeeeeeeeegggghhiiiiiiiiijkllllnnnnooooooooorrrsssstttuuuuuuuuuuwyyyzzzaosd";

    private string FoldedTitle(MovieMetadata metadata)
    {
        if (_folded.TryGetValue(metadata.Id, out var known) && ReferenceEquals(known.MadeFrom, metadata))
        {
            return known.Folded;
        }

        var folded = Fold(metadata.Title);
        _folded[metadata.Id] = (metadata, folded);
        return folded;
    }

    private static int Compare(MovieSummary a, MovieSummary b) =>
        a.Count != b.Count ? b.Count.CompareTo(a.Count) : string.CompareOrdinal(a.Metadata.Id, b.Metadata.Id);
}
