using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Cinegrain.Api;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Browser.Tests;

/// <summary>Ranks by shared genres, so that every list can be foreseen; can be away, and can have nothing to show.</summary>
internal sealed class FakeRecommender(IReadOnlyList<MovieMetadata> movies, Func<string, string> pseudonym) : IRecommender
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 9, 0, 0, TimeSpan.Zero);

    private readonly ConcurrentDictionary<string, Viewer> _viewers = new();
    private readonly Dictionary<string, MovieMetadata> _movies = movies.ToDictionary(movie => movie.Id);

    public bool IsReady => true;

    /// <summary>True: every call fails as if the log were away.</summary>
    public bool IsAway { get; set; }

    /// <summary>True: the dashboard of a server that has just been started.</summary>
    public bool IsNew { get; set; }

    /// <summary>The ratings that arrived, oldest first, by raw user id.</summary>
    public ConcurrentQueue<(string User, string Movie, string Kind, double? Value)> Arrived { get; } = new();

    public Task<IntakeReceipt> SubmitAsync(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, CancellationToken cancellationToken)
    {
        Check();
        var line = JsonDocument.Parse(lines.Single().Utf8Json).RootElement;
        var user = line.GetProperty("user").GetString()!;
        var movie = line.GetProperty("movie").GetString()!;
        var kind = line.GetProperty("kind").GetString()!;
        var value = line.TryGetProperty("value", out var number) ? number.GetDouble() : (double?)null;
        Arrived.Enqueue((user, movie, kind, value));
        var viewer = Get(pseudonym(user));
        lock (viewer)
        {
            viewer.Taken.RemoveAll(taken => taken.Movie == movie);
            viewer.Taken.Insert(0, new HistoryEntry(movie, _movies[movie].Title, Enum.Parse<InteractionKind>(kind, ignoreCase: true), value, Now));
        }

        viewer.Change();
        return Task.FromResult(new IntakeReceipt(1, ["id"], viewer.Version.ToString(CultureInfo.InvariantCulture), []));
    }

    public Task WaitForAsync(string user, string after, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask<RecommendationList> RecommendAsync(string user, RecommendationQuery query, CancellationToken cancellationToken)
    {
        Check();
        return ValueTask.FromResult(Rank(Get(user), query.Count));
    }

    public async IAsyncEnumerable<RecommendationList> WatchAsync(
        string user, RecommendationQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var viewer = Get(user);
        while (true)
        {
            Check();
            var changed = viewer.Changed;
            yield return Rank(viewer, query.Count);
            await changed.WaitAsync(cancellationToken);
        }
    }

    public string FormatPosition(string user, RecommendationList list) => list.Position.ToString(CultureInfo.InvariantCulture);

    public ValueTask<UserProfile?> GetProfileAsync(string user, CancellationToken cancellationToken)
    {
        Check();
        var viewer = Get(user);
        lock (viewer)
        {
            if (viewer.Taken.Count == 0)
            {
                return ValueTask.FromResult<UserProfile?>(null);
            }

            return ValueTask.FromResult<UserProfile?>(new UserProfile
            {
                User = user,
                Position = viewer.Version,
                Learning = true,
                Interactions = viewer.Taken.Count,
                Movies = viewer.Taken.Count,
                Genres = Taste(viewer, movie => movie.Genres),
                Years = Taste(viewer, movie => [$"{movie.Year / 10 * 10}s"]),
                Languages = Taste(viewer, movie => movie.Language is { } language ? [language] : []),
                People = Taste(viewer, movie => movie.People()),
                Recent = [.. viewer.Taken],
            });
        }
    }

    public Task<UserExport?> ExportAsync(string user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken)
    {
        Check();
        var viewer = Get(user);
        long removed;
        lock (viewer)
        {
            removed = viewer.Taken.Count;
            viewer.Taken.Clear();
        }

        viewer.Change();
        return Task.FromResult(new ErasureReport("1", Now, new Dictionary<string, long> { ["log records"] = removed, ["state"] = 1 }, []));
    }

    public Task<string> SetConsentAsync(string user, bool learning, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken)
    {
        Check();
        return ValueTask.FromResult(_movies.TryGetValue(id, out var movie) ? Details(movie) : null);
    }

    public Task PutMoviesAsync(IReadOnlyList<MovieMetadata> movies, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DeleteMovieAsync(string id, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<MoviePage> SearchMoviesAsync(string? query, string? after, int limit, CancellationToken cancellationToken)
    {
        Check();
        var words = (query ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var found = movies.Where(movie => words.All(word => movie.Title.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .OrderByDescending(Popularity).ThenBy(movie => movie.Id, StringComparer.Ordinal).ToList();
        var start = after is null ? 0 : found.FindIndex(movie => movie.Id == after) + 1;
        var page = found.Skip(start).Take(limit).ToList();
        return ValueTask.FromResult(new MoviePage([.. page.Select(Details)], start + limit < found.Count ? page[^1].Id : null));
    }

    public ValueTask<IReadOnlyList<ScoredMovie>?> GetSimilarAsync(string id, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<ScoredMovie>> GetTrendingAsync(int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<ScoredMovie>> GetPopularAsync(int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken)
    {
        Check();
        static IReadOnlyList<DashboardCount> Count(IEnumerable<string> names) =>
            [.. names.CountBy(name => name).OrderByDescending(pair => pair.Value).Select(pair => new DashboardCount(pair.Key, pair.Value))];
        var byYear = movies.CountBy(movie => movie.Year!.Value).ToDictionary();
        double Wave(int i, double length) => Math.Sin(i / length);
        ScoredMovie[] Films(int skip) => [.. movies.OrderByDescending(Popularity).Skip(skip).Take(10).Select((movie, i) => new ScoredMovie(movie, 3.4 / (1 + (i * .3)), 1400 - (skip * 20) - (i * 83)))];
        return ValueTask.FromResult(new DashboardData
        {
            Users = IsNew ? 0 : 3012,
            Movies = movies.Count,
            Interactions = IsNew ? 0 : 128_430,
            EventsPerSecond = IsNew ? 0 : 41.7,
            FreshnessP50 = IsNew ? 0 : 3.4,
            FreshnessP99 = IsNew ? 0 : 18.2,
            Lag = 0,
            MoviesByYear = [.. byYear.OrderBy(pair => pair.Key).Select(pair => new DashboardCount(pair.Key.ToString(CultureInfo.InvariantCulture), pair.Value))],
            Genres = Count(movies.SelectMany(movie => movie.Genres)),
            Languages = Count(movies.Select(movie => movie.Language).OfType<string>()),
            Ratings = [.. Enumerable.Range(1, 10).Select(i => new DashboardCount((i / 2.0).ToString("0.#", CultureInfo.InvariantCulture), IsNew ? 0 : new[] { 310, 820, 900, 2410, 3120, 8100, 9400, 14200, 8800, 9900 }[i - 1]))],
            InteractionsByMinute = [.. Enumerable.Range(0, 120).Select(i => new DashboardCount(Now.AddMinutes(i - 119).ToString("yyyy-MM-ddTHH:mmZ", CultureInfo.InvariantCulture), IsNew ? 0 : Math.Round(2300 + (520 * Wave(i, 11)) + (170 * Wave(i, 2.3)))))],
            InteractionsByMonth = [.. Enumerable.Range(0, 24).Select(i => new DashboardCount(Now.AddMonths(i - 23).ToString("yyyy-MM", CultureInfo.InvariantCulture), IsNew ? 0 : 2000 + (260 * i) + Math.Round(700 * Wave(i, 2))))],
            Rejected = IsNew ? [] : [new("unknown-movie", 214), new("bad-value", 61), new("future-time", 12), new("malformed-json", 7)],
            Variants =
            [
                new DashboardVariant("stage1", 900, new(0.12, 0.1, 0.143), new(0.066, 0.055, 0.077), new(0.06, 0.046, 0.077), 0.33, 120, new(0.16, 0.105, 0.236)),
                new DashboardVariant("stage2", 4000, new(0.15, 0.14, 0.16), new(0.083, 0.076, 0.09), new(0.06, 0.053, 0.068), 0.31, 900, new(0.2, 0.175, 0.227)),
            ],
            Quality = IsNew ? [] : [.. Enumerable.Range(0, 40).Select(i => new DashboardQuality(Now.AddMinutes(i - 39), 180 + i, .155 - (.06 * Math.Exp(-i / 9.0)) + (.008 * Wave(i, 1.7)), .083 - (.03 * Math.Exp(-i / 9.0)) + (.004 * Wave(i, 1.9)), .068 + (.005 * Wave(i, 2.1)), .034 + (.003 * Wave(i, 2.6))))],
            Popular = IsNew ? [] : Films(0),
            Trending = IsNew ? [] : Films(12),
        });
    }

    /// <summary>Another viewer's rating moved every list.</summary>
    public void Disturb(string user) => Get(pseudonym(user)).Change(shift: true);

    private static double Popularity(MovieMetadata movie) => movie.Id.Aggregate(17, (hash, c) => (hash * 31) + c) is var hash ? (((hash % 97) + 97) % 97) + ((movie.Year ?? 0) / 100.0) : 0;

    private static MovieDetails Details(MovieMetadata movie) => new(movie, 100, [1, 1, 1, 1], Now, 1);

    private void Check()
    {
        if (IsAway)
        {
            throw new UnavailableException("The log cannot be written: the disk is full", TimeSpan.FromSeconds(1));
        }
    }

    private Viewer Get(string user) => _viewers.GetOrAdd(user, _ => new Viewer());

    private IReadOnlyList<TasteEntry> Taste(Viewer viewer, Func<MovieMetadata, IEnumerable<string>> names)
    {
        var sums = new Dictionary<string, double>();
        foreach (var taken in viewer.Taken)
        {
            foreach (var name in names(_movies[taken.Movie]))
            {
                sums[name] = sums.GetValueOrDefault(name) + Normalisation.Preference(taken.Kind, taken.Value);
            }
        }

        var most = sums.Values.Select(Math.Abs).DefaultIfEmpty(1).Max();
        return [.. sums.OrderByDescending(pair => Math.Abs(pair.Value)).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(6).Select(pair => new TasteEntry(pair.Key, most == 0 ? 0 : pair.Value / most))];
    }

    private RecommendationList Rank(Viewer viewer, int count)
    {
        lock (viewer)
        {
            var seen = viewer.Taken.Select(taken => taken.Movie).ToHashSet();
            var items = movies.Where(movie => !seen.Contains(movie.Id)).Select(movie => Score(viewer, movie)).OrderByDescending(item => item.Score).ThenBy(item => item.Movie, StringComparer.Ordinal).Take(count).ToList();
            return new RecommendationList(viewer.Version, 1, items);
        }
    }

    private Recommendation Score(Viewer viewer, MovieMetadata movie)
    {
        var popular = (Popularity(movie) / 60) + (viewer.Shift ? (movie.Id[^1] - '0') * .05 : 0);
        var near = viewer.Taken
            .Select(taken => (Taken: taken, Weight: Normalisation.Preference(taken.Kind, taken.Value) * _movies[taken.Movie].Genres.Intersect(movie.Genres).Count() / (1.0 + Math.Abs((_movies[taken.Movie].Year ?? 0) - (movie.Year ?? 0)) / 40.0)))
            .Where(pair => pair.Weight > 0).OrderByDescending(pair => pair.Weight).Take(2).ToList();
        var taste = near.Count > 0 ? .6 : 0;
        var sum = popular + near.Sum(pair => pair.Weight) + taste;
        var reasons = near.Select(pair => new Reason(ReasonKind.BecauseYouWatched, pair.Taken.Movie, pair.Weight / sum, pair.Weight, $"because you watched {pair.Taken.Title}"))
            .Append(new Reason(ReasonKind.PopularNow, null, popular / sum, popular, "popular now"));
        if (taste > 0)
        {
            reasons = reasons.Append(new Reason(ReasonKind.MatchesTaste, null, taste / sum, taste, $"matches your taste for {movie.Genres[0]}"));
        }

        return new Recommendation(movie.Id, movie.Title, sum, [.. reasons.OrderByDescending(reason => reason.Share)]);
    }

    private sealed class Viewer
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<HistoryEntry> Taken { get; } = [];

        public long Version { get; private set; }

        public bool Shift { get; private set; }

        public Task Changed => _changed.Task;

        public void Change(bool shift = false)
        {
            Version++;
            Shift ^= shift;
            Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }
}
