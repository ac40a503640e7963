using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Readers;

/// <summary>How a MovieLens data set is laid out (grouplens.org/datasets/movielens).</summary>
public enum MovieLensLayout
{
    /// <summary><c>ratings.csv</c> and <c>movies.csv</c> with headers: ml-latest, 20M, 25M, 32M.</summary>
    Csv,

    /// <summary><c>ratings.dat</c> and <c>movies.dat</c>, fields apart by <c>::</c>: 1M, 10M.</summary>
    Dat,

    /// <summary><c>u.data</c> by tabs and <c>u.item</c> by bars: 100K.</summary>
    Tab,
}

/// <summary>
/// A MovieLens data set in a folder or a zip archive, with or without a folder of its own inside. Nothing is held open between
/// reads; one read at a time reports its progress.
/// </summary>
public sealed class MovieLensDataSet
{
    private static readonly (MovieLensLayout Layout, string Ratings, string Movies)[] Layouts =
    [
        (MovieLensLayout.Csv, "ratings.csv", "movies.csv"),
        (MovieLensLayout.Dat, "ratings.dat", "movies.dat"),
        (MovieLensLayout.Tab, "u.data", "u.item"),
    ];

    // The genre flags of u.item, in their order (README of ml-100k).
    private static readonly string[] GenreFlags =
    [
        "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir",
        "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
    ];

    private readonly DataFile _ratings;
    private readonly DataFile _movies;
    private readonly ByteCount _read = new();

    private MovieLensDataSet(MovieLensLayout layout, DataFile ratings, DataFile movies)
    {
        Layout = layout;
        _ratings = ratings;
        _movies = movies;
    }

    /// <summary>The layout found.</summary>
    public MovieLensLayout Layout { get; }

    /// <summary>Name of the ratings file within the folder or archive.</summary>
    public string RatingsFile => _ratings.Name;

    /// <summary>Name of the movies file within the folder or archive.</summary>
    public string MoviesFile => _movies.Name;

    /// <summary>Length of the ratings, unpacked, in bytes.</summary>
    public long RatingsBytes => _ratings.Length;

    /// <summary>How far the current (or last) read of the ratings is, in bytes; may be asked from any thread.</summary>
    public long RatingsBytesRead => _read.Value;

    /// <summary>Finds the data set of a path: a folder, a zip archive, or the ratings file itself.</summary>
    /// <exception cref="DataSetException">No layout fits, or several data sets do; the message says what was expected and what is there.</exception>
    public static MovieLensDataSet Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path) && Layouts.Any(layout => layout.Ratings.Equals(Path.GetFileName(path), StringComparison.OrdinalIgnoreCase)))
        {
            path = Path.GetDirectoryName(Path.GetFullPath(path))!;
        }

        var files = DataFile.List(path);
        var found = new List<MovieLensDataSet>();
        foreach (var folder in files.GroupBy(file => file.Folder).OrderBy(folder => folder.Key.Length == 0 ? 0 : 1))
        {
            // A data set at the top goes before any in a folder below.
            if (found.Count > 0 && found[0]._ratings.Folder.Length == 0)
            {
                break;
            }

            foreach (var (layout, ratings, movies) in Layouts)
            {
                if (Named(folder, ratings) is { } ratingsFile && Named(folder, movies) is { } moviesFile)
                {
                    found.Add(new MovieLensDataSet(layout, ratingsFile, moviesFile));
                    break;
                }
            }
        }

        return found.Count switch
        {
            1 => found[0],
            0 => throw new DataSetException(
                $"{path} holds no MovieLens data set: expected {string.Join(", or ", Layouts.Select(l => $"{l.Ratings} and {l.Movies}"))}; found {Names(files)}"),
            _ => throw new DataSetException(
                $"{path} holds several data sets ({string.Join(", ", found.Select(set => set._ratings.Folder))}); give the folder of one of them"),
        };
    }

    /// <summary>The movies, in the order of the file. A movie without genres has none; an id that stands twice is an error the second time.</summary>
    /// <param name="onError">Told of each line that is left out.</param>
    /// <exception cref="DataSetException">The file as a whole is not what it should be.</exception>
    public IEnumerable<MovieMetadata> ReadMovies(Action<ReaderError>? onError = null)
    {
        using var stream = _movies.Open(new ByteCount());
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        var content = bytes.ToArray();

        // The older sets are in Latin-1, the newer ones in UTF-8: text in Latin-1 is hardly ever valid UTF-8.
        var encoding = Utf8.IsValid(content) ? Encoding.UTF8 : Encoding.Latin1;
        using var reader = new StreamReader(new MemoryStream(content), encoding, detectEncodingFromByteOrderMarks: true);
        using var rows = new Delimited(
            reader, _movies.Name, Layout switch { MovieLensLayout.Csv => ",", MovieLensLayout.Dat => "::", _ => "|" }, Layout == MovieLensLayout.Csv);
        var (id, title, genres) = (0, 1, 2);
        if (Layout == MovieLensLayout.Csv)
        {
            var columns = rows.ReadHeader(["movieId", "title", "genres"]);
            (id, title, genres) = (columns["movieId"], columns["title"], columns["genres"]);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (rows.Read())
        {
            var movie = rows[id].Trim();
            var (name, year) = MovieTitle.Split(rows[title]);
            var error =
                movie.Length == 0 ? Error(rows, "movie id", "an id", "") :
                name.Length == 0 ? Error(rows, "title", "a title", "") :
                rows.Count < (Layout == MovieLensLayout.Tab ? 5 + GenreFlags.Length : 3)
                    ? Error(rows, "genres", Layout == MovieLensLayout.Tab ? $"{GenreFlags.Length} flags from the 6th field on" : "a third field", $"{rows.Count} fields") :
                seen.Add(movie) ? null : Error(rows, "movie id", "an id that no line above has", movie);
            if (error is not null)
            {
                onError?.Invoke(error);
                continue;
            }

            var released = Layout == MovieLensLayout.Tab
                && DateOnly.TryParseExact(rows[2], "dd-MMM-yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : default(DateOnly?);
            yield return new MovieMetadata
            {
                Id = movie,
                Title = name,
                Year = year ?? released?.Year,
                Released = released,
                Genres = Layout == MovieLensLayout.Tab ? Flagged(rows) : Listed(rows[genres]),
            };
        }
    }

    /// <summary>The ratings, in the order of the file.</summary>
    /// <param name="onError">Told of each line that is left out.</param>
    /// <exception cref="DataSetException">The file as a whole is not what it should be.</exception>
    public IEnumerable<RatingEvent> ReadRatings(Action<ReaderError>? onError = null)
    {
        using var stream = _ratings.Open(_read);
        using var rows = new Delimited(
            Delimited.Text(stream), _ratings.Name, Layout switch { MovieLensLayout.Csv => ",", MovieLensLayout.Dat => "::", _ => "\t" }, Layout == MovieLensLayout.Csv);
        var (user, movie, rating, timestamp) = (0, 1, 2, 3);
        var header = 0;
        if (Layout == MovieLensLayout.Csv)
        {
            var columns = rows.ReadHeader(["userId", "movieId", "rating", "timestamp"]);
            (user, movie, rating, timestamp) = (columns["userId"], columns["movieId"], columns["rating"], columns["timestamp"]);
            header = rows.Line;
        }

        // Ids repeat: a caller that keeps the ratings keeps one string for each id.
        var movies = new Dictionary<string, string>(StringComparer.Ordinal);
        var lastUser = "";
        while (rows.Read())
        {
            var u = rows[user].Trim();
            var m = rows[movie].Trim();
            var value = 0.0;
            var at = 0L;
            var error =
                u.Length == 0 ? Error(rows, "user id", "an id", "") :
                m.Length == 0 ? Error(rows, "movie id", "an id", "") :
                !double.TryParse(rows[rating], NumberStyles.Float, CultureInfo.InvariantCulture, out value) || value is not (>= 0.5 and <= 5)
                    ? Error(rows, "rating", "a number from 0.5 to 5", rows[rating]) :
                !long.TryParse(rows[timestamp], NumberStyles.Integer, CultureInfo.InvariantCulture, out at) || at is < 0 or > 253402300799
                    ? Error(rows, "timestamp", "Unix seconds", rows[timestamp]) : null;
            if (error is not null)
            {
                onError?.Invoke(error);
                continue;
            }

            if (u != lastUser)
            {
                lastUser = u;
            }

            if (!movies.TryGetValue(m, out var known))
            {
                movies.Add(m, known = m);
            }

            yield return new RatingEvent(lastUser, known, value, at, rows.Line - header);
        }
    }

    private static DataFile? Named(IEnumerable<DataFile> files, string name) =>
        files.FirstOrDefault(file => file.BareName.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string Names(List<DataFile> files) => files.Count switch
    {
        0 => "no file",
        <= 8 => string.Join(", ", files.Select(file => file.Name)),
        _ => $"{string.Join(", ", files.Take(8).Select(file => file.Name))} and {files.Count - 8} more",
    };

    private static string[] Listed(string genres) =>
        genres.Trim() is "" or "(no genres listed)"
            ? []
            : [.. genres.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Genre).Distinct()];

    private static string[] Flagged(Delimited rows) =>
        [.. GenreFlags.Where((genre, i) => genre != "unknown" && rows[5 + i].Trim() == "1").Select(Genre)];

    // Older sets say "Children's", newer ones "Children".
    private static string Genre(string name) => name == "Children's" ? "Children" : name;

    private static ReaderError Error(Delimited rows, string field, string expected, string found) =>
        ReaderError.Of(rows.File, rows.Line, field, expected, found);
}
