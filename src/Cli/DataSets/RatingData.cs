using Cinegrain.Ingest.Readers;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.DataSets;

/// <summary>A MovieLens data set in memory: the catalogue of its movies file, and its ratings in order of event time, ties in file order.</summary>
internal sealed class RatingData
{
    private const int RatingsPerReport = 4096;

    private readonly List<MovieMetadata> _movies = [];
    private readonly Dictionary<string, int> _movieNumbers = new(StringComparer.Ordinal);
    private readonly List<string> _users = [];

    private RatingData()
    {
    }

    /// <summary>Ids of the users by number.</summary>
    public IReadOnlyList<string> Users => _users;

    /// <summary>
    /// Movies by number. Those from <see cref="CatalogueSize"/> on are not in the movies file: nothing but their id is known, and that only from
    /// their first rating on.
    /// </summary>
    public IReadOnlyList<MovieMetadata> Movies => _movies;

    /// <summary>Movies of the movies file.</summary>
    public int CatalogueSize { get; private set; }

    /// <summary>Ratings in order.</summary>
    public Rating[] Ratings { get; private set; } = [];

    /// <summary>Number of a movie by its id.</summary>
    public int MovieOf(string id) => _movieNumbers[id];

    /// <summary>Reads a folder, zip or ratings file.</summary>
    /// <param name="onError">Told of each line that cannot be read and is left out.</param>
    /// <exception cref="DataSetException">It is no data set; the message says what was expected.</exception>
    public static RatingData Load(string path, IProgressBoard board, Action<ReaderError> onError, CancellationToken cancellationToken)
    {
        var set = MovieLensDataSet.Open(path);
        var meter = board.Begin("Reading (bytes)", set.RatingsBytes);
        var data = new RatingData();
        foreach (var movie in set.ReadMovies(onError))
        {
            data.Add(movie);
        }

        data.CatalogueSize = data._movies.Count;
        var users = new Dictionary<string, int>(StringComparer.Ordinal);
        var ratings = new List<Rating>();
        foreach (var rating in set.ReadRatings(onError))
        {
            if (!users.TryGetValue(rating.User, out var user))
            {
                users[rating.User] = user = data._users.Count;
                data._users.Add(rating.User);
            }

            if (!data._movieNumbers.TryGetValue(rating.Movie, out var movie))
            {
                movie = data.Add(new MovieMetadata { Id = rating.Movie, Title = rating.Movie });
            }

            ratings.Add(new Rating(user, movie, (float)rating.Value, rating.Line, rating.AtSeconds));
            if (ratings.Count % RatingsPerReport == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                meter.Report(set.RatingsBytesRead);
            }
        }

        meter.Report(set.RatingsBytes);
        data.Ratings = [.. ratings];
        Array.Sort(data.Ratings, static (a, b) => a.Seconds != b.Seconds ? a.Seconds.CompareTo(b.Seconds) : a.Line.CompareTo(b.Line));
        return data;
    }

    /// <summary>Puts ratings of the same second into a random order.</summary>
    public void ShuffleTies(int seed)
    {
        var random = new Random(seed);
        for (var from = 0; from < Ratings.Length;)
        {
            var to = from + 1;
            while (to < Ratings.Length && Ratings[to].Seconds == Ratings[from].Seconds)
            {
                to++;
            }

            random.Shuffle(Ratings.AsSpan(from, to - from));
            from = to;
        }
    }

    private int Add(MovieMetadata metadata)
    {
        _movieNumbers[metadata.Id] = _movies.Count;
        _movies.Add(metadata);
        return _movies.Count - 1;
    }
}
