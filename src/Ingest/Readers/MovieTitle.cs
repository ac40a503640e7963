using System.Globalization;
using System.Text.RegularExpressions;

namespace Cinegrain.Ingest.Readers;

/// <summary>Titles as MovieLens writes them.</summary>
internal static partial class MovieTitle
{
    /// <summary>
    /// Splits "Matrix, The (1999)" into "The Matrix" and 1999. The year is that of the last parenthesis; of a range it is the first one.
    /// Articles move to the front, in titles in parentheses too.
    /// </summary>
    public static (string Title, int? Year) Split(string text)
    {
        var year = default(int?);
        var title = text.Trim();
        var match = YearAtEnd().Match(title);
        if (match.Success && match.Index > 0)
        {
            year = int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            title = title[..match.Index];
        }

        return (Article().Replace(title, Moved), year);
    }

    private static string Moved(Match match)
    {
        var (before, name, article) = (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
        return before + article + (article.EndsWith('\'') ? "" : " ") + name;
    }

    // 1874 is the year of the oldest film in any catalogue.
    [GeneratedRegex(@"\s*\(((?:18[7-9]|19[0-9]|20[0-9])[0-9])(?:\s*[-–][^()]*)?\)$", RegexOptions.CultureInvariant)]
    private static partial Regex YearAtEnd();

    // "Name, The", as the whole and as a part in parentheses.
    [GeneratedRegex(
        @"(?<=^|\()((?:a\.k\.a\. )?)([^()]+), (The|An?|Les?|La|L'|Il|Lo|Gli|I|El|Los|Las|Une?|Der|Die|Das|Den|Det|Eine?|De|Het|Os?)(?=$|\)| \()",
        RegexOptions.CultureInvariant)]
    private static partial Regex Article();
}
