using System.Globalization;
using Cinegrain.Model.Events;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cinegrain.Cli.Evaluation;

/// <summary>A data set in memory: the catalogue of its movies file, and its ratings in order of event time, ties in file order.</summary>
internal sealed class RatingData
{
    private readonly List<MovieMetadata> _movies = [];
    private readonly Dictionary<string, int> _movieNumbers = new(StringComparer.Ordinal);

    /// <summary>Ids of the users by number.</summary>
    public List<string> Users { get; } = [];

    /// <summary>
    /// Movies by number. Those from <see cref="CatalogueSize"/> on are not in the movies file: they enter the catalogue, by id alone, with the
    /// first of their events that is learned.
    /// </summary>
    public IReadOnlyList<MovieMetadata> Movies => _movies;

    /// <summary>Movies of the movies file.</summary>
    public int CatalogueSize { get; private set; }

    /// <summary>Lines that could not be read.</summary>
    public long Refused { get; private set; }

    /// <summary>Ratings in order.</summary>
    public Rating[] Ratings { get; private set; } = [];

    public MovieMetadata Metadata(int movie) => _movies[movie];

    public int MovieOf(string id) => _movieNumbers[id];

    public static RatingData Load(string path, CancellationToken cancellationToken)
    {
        var data = new RatingData();
        using (var csv = new CsvReader(new StreamReader(Path.Combine(path, "movies.csv")), new CsvConfiguration(CultureInfo.InvariantCulture)))
        {
            csv.Read();
            while (csv.Read())
            {
                var title = csv.GetField(1)!;
                var close = title.TrimEnd();
                int? year = close.Length > 6 && close[^1] == ')' && int.TryParse(close[^5..^1], out var y) ? y : null;
                var genres = csv.GetField(2)!;
                data.AddMovie(new MovieMetadata { Id = csv.GetField(0)!, Title = title, Year = year, Genres = genres.StartsWith('(') ? [] : genres.Split('|') });
            }
        }

        data.CatalogueSize = data._movies.Count;
        var users = new Dictionary<string, int>();
        var ratings = new List<Rating>();
        using (var csv = new CsvReader(new StreamReader(Path.Combine(path, "ratings.csv")), new CsvConfiguration(CultureInfo.InvariantCulture)))
        {
            csv.Read();
            while (csv.Read())
            {
                var user = csv.GetField(0)!;
                if (!users.TryGetValue(user, out var number))
                {
                    users[user] = number = data.Users.Count;
                    data.Users.Add(user);
                }

                var id = csv.GetField(1)!;
                if (!data._movieNumbers.TryGetValue(id, out var movie))
                {
                    movie = data.AddMovie(new MovieMetadata { Id = id, Title = id });
                }

                ratings.Add(new Rating(number, movie, float.Parse(csv.GetField(2)!, CultureInfo.InvariantCulture), ratings.Count + 1, long.Parse(csv.GetField(3)!, CultureInfo.InvariantCulture)));
            }
        }

        data.Ratings = [.. ratings];
        Array.Sort(data.Ratings, static (a, b) => a.Seconds != b.Seconds ? a.Seconds.CompareTo(b.Seconds) : a.Line.CompareTo(b.Line));
        return data;
    }

    private int AddMovie(MovieMetadata metadata)
    {
        _movieNumbers[metadata.Id] = _movies.Count;
        _movies.Add(metadata);
        return _movies.Count - 1;
    }
}
