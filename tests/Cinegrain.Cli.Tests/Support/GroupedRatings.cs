using System.Globalization;

namespace Cinegrain.Cli.Tests.Support;

/// <summary>Ratings of users in groups, each with its own movies, some of which are taken more than others.</summary>
internal static class GroupedRatings
{
    public const int Groups = 4, MoviesOfGroup = 30;

    public static IReadOnlyList<string> Movies { get; } =
    [
        .. Enumerable.Range(0, Groups * MoviesOfGroup).Select(movie => $"{movie},Movie {movie} ({1980 + (movie % 40)}),{(movie % 2 == 0 ? "Drama" : "Comedy|War")}"),
    ];

    /// <summary>Lines of a ratings file, in order of time.</summary>
    public static IReadOnlyList<string> Create(int count, int users, int seed)
    {
        var random = new Random(seed);
        var lines = new List<string>(count);
        for (var k = 0; k < count; k++)
        {
            var user = random.Next(users);
            var place = (int)(MoviesOfGroup * Math.Pow(random.NextDouble(), 3));
            var movie = (user % Groups * MoviesOfGroup) + place;
            var stars = random.Next(1, 11) / 2.0;
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{user},{movie},{(random.Next(4) == 0 ? stars : 4.5)},{1_000_000 + (k / 3 * 5000)}"));
        }

        return lines;
    }
}
