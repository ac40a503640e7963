using System.Text.RegularExpressions;

namespace Cinegrain.Model.Catalogue;

/// <summary>
/// What the titles of one series share: lower case, without brackets (the year among them), subtitle (after a colon or a dash), articles, "part …" and
/// a number at the end. "Toy Story 2 (1999)" and "Toy Story" have the key "toy story"; "Lord of the Rings: The Two Towers, The" has "lord of the rings".
/// </summary>
internal static partial class TitleKey
{
    public static string Of(string title)
    {
        var key = Brackets().Replace(title.ToLowerInvariant(), " ");
        var subtitle = Subtitle().Match(key);
        if (subtitle.Success && subtitle.Index > 0)
        {
            key = key[..subtitle.Index];
        }

        key = Articles().Replace(key.Trim(), "");
        key = Part().Replace(key, "");
        var numbered = Number().Replace(key, "");

        // A title that is nothing but a number is a name.
        return (numbered.Length > 0 ? numbered : key).Trim();
    }

    [GeneratedRegex(@"\([^)]*\)|\[[^\]]*\]")]
    private static partial Regex Brackets();

    [GeneratedRegex(@":| - ")]
    private static partial Regex Subtitle();

    [GeneratedRegex(@"^(the|a|an) |, (the|a|an)$")]
    private static partial Regex Articles();

    [GeneratedRegex(@",? part .*$")]
    private static partial Regex Part();

    [GeneratedRegex(@" (\d+|[ivx]+)$")]
    private static partial Regex Number();
}
