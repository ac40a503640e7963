using System.Globalization;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Synthetic;

/// <summary>Fictional movies for tests of scale. The same seed gives the same movies, whatever the number.</summary>
public static class SyntheticCatalogue
{
    private static readonly string[] Adjectives =
    [
        "Silent", "Golden", "Last", "Broken", "Hidden", "Crimson", "Endless", "Distant", "Burning", "Frozen", "Secret", "Forgotten", "Wild", "Paper",
        "Electric", "Midnight", "Hollow", "Gentle", "Iron", "Borrowed", "Perfect", "Restless", "Velvet", "Ordinary", "Scarlet", "Stolen", "Blue", "Quiet",
        "Savage", "Lucky", "Invisible", "Bitter",
    ];

    private static readonly string[] Nouns =
    [
        "River", "Garden", "Harbour", "Letter", "Winter", "Empire", "Mirror", "Orchard", "Station", "Stranger", "Island", "Machine", "Summer", "Promise",
        "Shadow", "Kingdom", "Violin", "Desert", "Lighthouse", "Clock", "Circus", "Forest", "Bridge", "Detective", "Sea", "Sister", "Wedding", "Planet",
        "Thief", "Highway", "Dancer", "Mountain", "Painter", "Hotel", "Signal", "Kitchen", "Wolf", "Captain", "Carnival", "Library",
    ];

    private static readonly string[] Places =
    [
        "Lisbon", "the North", "Saturn", "Marrakesh", "the Valley", "Osaka", "Dust", "the Deep", "Vienna", "Tomorrow", "Glass", "Montevideo", "the Moon",
        "Silence", "Cairo", "the Plains", "Helsinki", "Smoke", "Lagos", "Yesterday",
    ];

    private static readonly string[] FirstNames =
    [
        "Ada", "Bruno", "Chidi", "Daria", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Luca", "Mina", "Noor", "Oskar", "Priya", "Quentin",
        "Rosa", "Sami", "Tara", "Umar", "Vera", "Wen", "Ximena", "Yusuf", "Zoe",
    ];

    private static readonly string[] LastNames =
    [
        "Abara", "Bellini", "Castell", "Dahl", "Eriksen", "Fontaine", "Garrido", "Hoffmann", "Ishida", "Jansen", "Kovacs", "Lindqvist", "Moreau", "Nakata",
        "Okoro", "Petrov", "Quiroga", "Rahman", "Silva", "Tanaka", "Ueda", "Varga", "Wagner", "Xu", "Yilmaz", "Zeman",
    ];

    // Rough shares of real catalogues.
    private static readonly (string Name, double Share)[] Genres =
    [
        ("Drama", .26), ("Comedy", .19), ("Thriller", .10), ("Action", .09), ("Romance", .08), ("Horror", .06), ("Crime", .05), ("Adventure", .05),
        ("Sci-Fi", .04), ("Fantasy", .03), ("Animation", .02), ("Mystery", .015), ("War", .01), ("Western", .005),
    ];

    private static readonly (string Name, double Share)[] Languages =
    [
        ("en", .62), ("fr", .08), ("es", .06), ("ja", .06), ("de", .04), ("it", .04), ("ko", .03), ("hi", .03), ("pt", .02), ("sv", .02),
    ];

    /// <summary>
    /// Makes movies <c>s1</c>, <c>s2</c>, … About one in eight is a sequel of one made before it, with the same director, leading actors and
    /// genres. People work again and again in their two genres, a few of them often.
    /// </summary>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<MovieMetadata> Create(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var movies = new List<MovieMetadata>(count);
        var parts = new List<int>(count);
        var titles = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var draw = new DrawStream(Draw.Hash(seed, (ulong)i));
            var sequelOf = i > 20 && draw.Uniform() < 0.125 ? draw.Below(i) : -1;
            if (sequelOf >= 0 && parts[sequelOf] < 5 && movies[sequelOf].Year <= 2021
                && titles.Add(Sequel(movies[sequelOf].Title, parts[sequelOf] + 1)))
            {
                var first = movies[sequelOf];
                movies.Add(first with
                {
                    Id = Id(i),
                    Title = Sequel(first.Title, parts[sequelOf] + 1),
                    Year = first.Year + 2 + draw.Below(2),
                });
                parts.Add(parts[sequelOf] + 1);
                continue;
            }

            var genre = Pick(Genres, draw.Uniform());
            List<string> genres = [genre];
            if (draw.Uniform() < 0.6 && Pick(Genres, draw.Uniform()) is var second && second != genre)
            {
                genres.Add(second);
            }

            // More movies are recent than old.
            var year = 2024 - (int)(95 * Math.Pow(draw.Uniform(), 2.2));
            string[] people = [.. Enumerable.Range(0, 4).Select(_ => Person(ref draw, genre)).Distinct()];
            var title = Title(ref draw);
            for (var n = 2; !titles.Add(title); n++)
            {
                title = $"{Title(ref draw)}{(n > 8 ? string.Create(CultureInfo.InvariantCulture, $" ({i})") : "")}";
            }

            movies.Add(new MovieMetadata
            {
                Id = Id(i),
                Title = title,
                Year = year,
                Genres = genres,
                Language = Pick(Languages, draw.Uniform()),
                Directors = people[..1],
                Cast = people[1..],
            });
            parts.Add(1);
        }

        return movies;
    }

    private static string Id(int index) => string.Create(CultureInfo.InvariantCulture, $"s{index + 1}");

    private static string Sequel(string title, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{(part > 2 ? title[..title.LastIndexOf(' ')] : title)} {part}");

    private static string Title(ref DrawStream draw) => draw.Below(4) switch
    {
        0 => $"The {One(Adjectives, ref draw)} {One(Nouns, ref draw)}",
        1 => $"{One(Nouns, ref draw)} of {One(Places, ref draw)}",
        2 => $"The {One(Nouns, ref draw)} and the {One(Nouns, ref draw)}",
        _ => $"{One(Adjectives, ref draw)} {One(Nouns, ref draw)} of {One(Places, ref draw)}",
    };

    // Each genre has its own people, the first of them with the most work.
    private static string Person(ref DrawStream draw, string genre)
    {
        var number = (int)(400 * Math.Pow(draw.Uniform(), 3));
        var hash = Draw.Hash(0x9E0, (ulong)Array.FindIndex(Genres, g => g.Name == genre), (ulong)number);
        return $"{FirstNames[hash % 26]} {LastNames[(hash >> 8) % 26]}-{LastNames[(hash >> 16) % 26]}";
    }

    private static string One(string[] words, ref DrawStream draw) => words[draw.Below(words.Length)];

    private static string Pick((string Name, double Share)[] shares, double at)
    {
        foreach (var (name, share) in shares)
        {
            at -= share;
            if (at < 0)
            {
                return name;
            }
        }

        return shares[0].Name;
    }
}
