using System.Globalization;
using Cinegrain.Model.Events;

namespace Cinegrain.Api.Components;

/// <summary>How films are put in words and colours.</summary>
internal static class Films
{
    /// <summary>Hue of a genre in degrees of OKLCH.</summary>
    private static readonly Dictionary<string, int> Hues = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Action"] = 35, ["Adventure"] = 140, ["Animation"] = 320, ["Children"] = 320, ["Comedy"] = 75, ["Crime"] = 265, ["Documentary"] = 180,
        ["Drama"] = 225, ["Family"] = 95, ["Fantasy"] = 295, ["Film-Noir"] = 270, ["History"] = 55, ["Horror"] = 20, ["Music"] = 345,
        ["Musical"] = 345, ["Mystery"] = 280, ["Romance"] = 5, ["Science Fiction"] = 205, ["Sci-Fi"] = 205, ["Thriller"] = 245, ["War"] = 115,
        ["Western"] = 48,
    };

    private static readonly Dictionary<string, string> Languages = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ar"] = "Arabic", ["bm"] = "Bambara", ["bn"] = "Bengali", ["bs"] = "Bosnian", ["ca"] = "Catalan", ["cn"] = "Cantonese", ["cs"] = "Czech",
        ["da"] = "Danish", ["de"] = "German", ["el"] = "Greek", ["en"] = "English", ["es"] = "Spanish", ["et"] = "Estonian", ["eu"] = "Basque",
        ["fa"] = "Persian", ["fi"] = "Finnish", ["fr"] = "French", ["ga"] = "Irish", ["he"] = "Hebrew", ["hi"] = "Hindi", ["hr"] = "Croatian",
        ["hu"] = "Hungarian", ["hy"] = "Armenian", ["id"] = "Indonesian", ["is"] = "Icelandic", ["it"] = "Italian", ["iu"] = "Inuktitut",
        ["ja"] = "Japanese", ["ka"] = "Georgian", ["ko"] = "Korean", ["lt"] = "Lithuanian", ["lv"] = "Latvian", ["mk"] = "Macedonian",
        ["ml"] = "Malayalam", ["mr"] = "Marathi", ["ms"] = "Malay", ["nb"] = "Norwegian", ["nl"] = "Dutch", ["no"] = "Norwegian", ["pl"] = "Polish",
        ["pt"] = "Portuguese", ["ro"] = "Romanian", ["ru"] = "Russian", ["sk"] = "Slovak", ["sl"] = "Slovenian", ["sr"] = "Serbian",
        ["sv"] = "Swedish", ["sw"] = "Swahili", ["ta"] = "Tamil", ["te"] = "Telugu", ["th"] = "Thai", ["tl"] = "Tagalog", ["tr"] = "Turkish",
        ["uk"] = "Ukrainian", ["ur"] = "Urdu", ["vi"] = "Vietnamese", ["wo"] = "Wolof", ["yi"] = "Yiddish", ["zh"] = "Chinese", ["zu"] = "Zulu",
    };

    /// <summary>The English name of an ISO 639-1 language; a code that is not known stays as it is.</summary>
    public static string Language(string code) => Languages.TryGetValue(code, out var name) ? name : code;

    /// <summary>Hue of the film's first genre that has one, 0 to 359.</summary>
    public static int Hue(IReadOnlyList<string> genres)
    {
        foreach (var genre in genres)
        {
            if (Hues.TryGetValue(genre, out var hue))
            {
                return hue;
            }
        }

        return 210;
    }

    /// <summary>A number that depends on the id alone (FNV-1a), so that a film always has the same poster.</summary>
    public static uint Seed(string id)
    {
        var hash = 2166136261u;
        foreach (var c in id)
        {
            hash = (hash ^ c) * 16777619;
        }

        return hash ^ (hash >> 15);
    }

    /// <summary>Year, genres and, on request, directors, as far as they are known.</summary>
    public static string Facts(MovieMetadata movie, int genres = 3, bool directors = true)
    {
        var parts = new List<string>(3);
        if (movie.Year is { } year)
        {
            parts.Add(year.ToString(CultureInfo.InvariantCulture));
        }

        if (movie.Genres.Count > 0)
        {
            parts.Add(string.Join(", ", movie.Genres.Take(genres)));
        }

        if (directors && movie.Directors.Count > 0)
        {
            parts.Add(string.Join(", ", movie.Directors.Take(2)));
        }

        return string.Join(" · ", parts);
    }
}
