using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Api.Tests.Support;

/// <summary>
/// A small recommender in memory, deterministic: movies in order of id, minus what the user has. Positions are numbers. It checks
/// what the API hands to it as strictly as a host would.
/// </summary>
internal sealed class FakeRecommender : IRecommender
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<Interaction>> _users = [];
    private readonly Dictionary<string, bool> _consent = [];
    private readonly SortedDictionary<string, (MovieMetadata Metadata, long Version)> _movies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ids = [];
    private readonly Dictionary<(string User, bool Explain), RecommendationList> _lists = [];
    private readonly ConcurrentDictionary<string, ConcurrentBag<Channel<bool>>> _watchers = new();
    private long _version;

    public FakeRecommender()
    {
        string[] genres = ["Comedy", "Drama", "Crime"];
        for (var i = 1; i <= 30; i++)
        {
            Put(new MovieMetadata
            {
                Id = $"m{i:00}", Title = $"Movie Ünïted {i}", Year = 1970 + i, Genres = [genres[i % 3]], Language = i % 2 == 0 ? "en" : "fr",
            });
        }
    }

    public bool IsReady { get; set; } = true;

    /// <summary>Thrown by every method when set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Completes the waits of positions that are not there yet.</summary>
    public TaskCompletionSource Arrival { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<(IReadOnlyList<IntakeLine> Lines, string? Key)> Submitted { get; } = [];

    public RecommendationQuery? LastQuery { get; private set; }

    /// <summary>Pseudonyms that came in.</summary>
    public ConcurrentBag<string> Seen { get; } = [];

    public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int OpenWatches;

    public Task<IntakeReceipt> SubmitAsync(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, CancellationToken cancellationToken)
    {
        Fail();
        var ids = new List<string>();
        var rejected = new List<RejectedLine>();
        lock (_lock)
        {
            Submitted.Add((lines, idempotencyKey));
            foreach (var line in lines)
            {
                var (reason, id) = Take(line, idempotencyKey);
                if (reason is null)
                {
                    ids.Add(id!);
                }
                else
                {
                    rejected.Add(new RejectedLine(line.Number, reason, $"The line is refused as {reason}; send it right."));
                }
            }

            _version++;
            return Task.FromResult(new IntakeReceipt(ids.Count, ids, ids.Count > 0 ? $"{_version}" : "", rejected));
        }
    }

    public async Task WaitForAsync(string user, string after, CancellationToken cancellationToken)
    {
        Check(user);
        if (!long.TryParse(after, out var position))
        {
            throw new FormatException("not a position");
        }

        if (position > Interlocked.Read(ref _version))
        {
            Waiting.TrySetResult();
            await Arrival.Task.WaitAsync(cancellationToken);
        }
    }

    public ValueTask<RecommendationList> RecommendAsync(string user, RecommendationQuery query, CancellationToken cancellationToken)
    {
        Check(user);
        LastQuery = query;
        Assert.InRange(query.Count, 1, 100);
        Assert.InRange(query.Diversity, 0, 1);
        lock (_lock)
        {
            return new ValueTask<RecommendationList>(List(user, query));
        }
    }

    public async IAsyncEnumerable<RecommendationList> WatchAsync(
        string user, RecommendationQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check(user);
        var channel = Channel.CreateUnbounded<bool>();
        _watchers.GetOrAdd(user, _ => []).Add(channel);
        Interlocked.Increment(ref OpenWatches);
        try
        {
            yield return await RecommendAsync(user, query, cancellationToken);
            while (await channel.Reader.WaitToReadAsync(cancellationToken))
            {
                while (channel.Reader.TryRead(out _))
                {
                }

                yield return await RecommendAsync(user, query, cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref OpenWatches);
        }
    }

    public string FormatPosition(string user, RecommendationList list) => list.Position.ToString();

    public ValueTask<UserProfile?> GetProfileAsync(string user, CancellationToken cancellationToken)
    {
        Check(user);
        lock (_lock)
        {
            return new ValueTask<UserProfile?>(_users.ContainsKey(user) || _consent.ContainsKey(user) ? Profile(user) : null);
        }
    }

    public Task<UserExport?> ExportAsync(string user, CancellationToken cancellationToken)
    {
        Check(user);
        lock (_lock)
        {
            return Task.FromResult(_users.TryGetValue(user, out var records) ? new UserExport(Profile(user), [.. records]) : null);
        }
    }

    public Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken)
    {
        Check(user);
        lock (_lock)
        {
            var count = _users.Remove(user, out var records) ? records.Count : 0;
            Changed(user);
            return Task.FromResult(new ErasureReport(
                $"{++_version}", DateTimeOffset.UnixEpoch, new Dictionary<string, long> { ["log records"] = count },
                [new RemainingData("tombstone", "So that a replay does not bring the user back.", null)]));
        }
    }

    public Task<string> SetConsentAsync(string user, bool learning, CancellationToken cancellationToken)
    {
        Check(user);
        lock (_lock)
        {
            _consent[user] = learning;
            return Task.FromResult($"{++_version}");
        }
    }

    public ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            return new ValueTask<MovieDetails?>(_movies.ContainsKey(id) ? Details(id) : null);
        }
    }

    public Task PutMoviesAsync(IReadOnlyList<MovieMetadata> movies, CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            foreach (var movie in movies)
            {
                Put(movie);
            }
        }

        return Task.CompletedTask;
    }

    public Task<bool> DeleteMovieAsync(string id, CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            return Task.FromResult(_movies.Remove(id));
        }
    }

    public ValueTask<MoviePage> SearchMoviesAsync(string? query, string? after, int limit, CancellationToken cancellationToken)
    {
        Fail();
        Assert.InRange(limit, 1, 100);
        lock (_lock)
        {
            if (after is not null && !after.StartsWith('m'))
            {
                throw new FormatException("not a cursor");
            }

            var words = (query ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var found = _movies.Keys
                .Where(id => string.CompareOrdinal(id, after) > 0 && words.All(w => _movies[id].Metadata.Title.Contains(w, StringComparison.OrdinalIgnoreCase)))
                .Take(limit + 1).ToArray();
            return new ValueTask<MoviePage>(new MoviePage(
                [.. found.Take(limit).Select(Details)], found.Length > limit ? found[limit - 1] : null));
        }
    }

    public ValueTask<IReadOnlyList<ScoredMovie>?> GetSimilarAsync(string id, int count, CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            return new ValueTask<IReadOnlyList<ScoredMovie>?>(_movies.ContainsKey(id) ? Scored(count, id) : null);
        }
    }

    public ValueTask<IReadOnlyList<ScoredMovie>> GetTrendingAsync(int count, CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            return new ValueTask<IReadOnlyList<ScoredMovie>>(Scored(count, null));
        }
    }

    public ValueTask<IReadOnlyList<ScoredMovie>> GetPopularAsync(int count, CancellationToken cancellationToken) => GetTrendingAsync(count, cancellationToken);

    public ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken)
    {
        Fail();
        lock (_lock)
        {
            return new ValueTask<DashboardData>(new DashboardData
            {
                Users = _users.Count, Movies = _movies.Count, Interactions = _users.Values.Sum(u => u.Count), EventsPerSecond = 1.5,
                FreshnessP50 = double.NaN, FreshnessP99 = double.NaN, Lag = 0,
                MoviesByYear = [new DashboardCount("1971", 1)], Genres = [], Languages = [], Ratings = [], InteractionsByMinute = [],
                InteractionsByMonth = [], Rejected = [], Variants =
            [
                new DashboardVariant("stage1", 900, new(0.12, 0.1, 0.143), new(0.066, 0.055, 0.077), new(0.06, 0.046, 0.077), 0.33, 120, new(0.16, 0.105, 0.236)),
                new DashboardVariant("stage2", 4000, new(0.15, 0.14, 0.16), new(0.083, 0.076, 0.09), new(0.06, 0.053, 0.068), 0.31, 900, new(0.2, 0.175, 0.227)),
            ],
            Quality = [], Popular = Scored(5, null), Trending = [],
            });
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException();

    private (string? Reason, string? Id) Take(IntakeLine line, string? key)
    {
        try
        {
            using var document = JsonDocument.Parse(line.Utf8Json);
            var json = document.RootElement;
            var user = TestApp.PseudonymOf(Text(json, "user"));
            var movie = Text(json, "movie");
            if (!_movies.ContainsKey(movie))
            {
                return ("unknown-movie", null);
            }

            var kind = json.GetProperty("kind").Deserialize<InteractionKind>();
            double? value = json.TryGetProperty("value", out var number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : null;
            if (kind == InteractionKind.Rate && value is null or < 0.5 or > 5)
            {
                return ("value-range", null);
            }

            var id = key is null ? $"id-{_ids.Count}" : $"{key}-{line.Number}";
            if (_ids.Add(id))
            {
                if (!_users.TryGetValue(user, out var records))
                {
                    _users[user] = records = [];
                }

                records.Add(new Interaction { Id = id, User = user, At = DateTimeOffset.UnixEpoch, Movie = movie, Kind = kind, Value = value, Preference = 0 });
                Changed(user);
            }

            return (null, id);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            return ("malformed", null);
        }
    }

    private static bool IsPlain(RecommendationQuery query) =>
        query.Count == 10 && query.Genres.Count == 0 && query.YearFrom is null && query.YearTo is null && query.Languages.Count == 0 && query.MinVotes <= 0
        && query.Exclude.Count == 0 && !query.IncludeSeen;

    private RecommendationList List(string user, RecommendationQuery query)
    {
        if (IsPlain(query) && _lists.TryGetValue((user, query.Explain), out var cached))
        {
            return cached;
        }

        var had = _users.TryGetValue(user, out var records) && !query.IncludeSeen ? records.Select(r => r.Movie).ToHashSet() : [];
        var items = _movies.Values.Select(m => m.Metadata)
            .Where(m => !had.Contains(m.Id) && !query.Exclude.Contains(m.Id))
            .Where(m => query.Genres.Count == 0 || m.Genres.Intersect(query.Genres, StringComparer.OrdinalIgnoreCase).Any())
            .Where(m => query.Languages.Count == 0 || query.Languages.Contains(m.Language!))
            .Where(m => !(m.Year < query.YearFrom) && !(m.Year > query.YearTo))
            .Take(query.Count)
            .Select((m, i) => new Recommendation(m.Id, m.Title, 1.0 / (i + 1), query.Explain
                ? [new Reason(ReasonKind.BecauseYouWatched, "m01", 0.75, 1.2, "Because you watched Movie 1"), new Reason(ReasonKind.PopularNow, null, 0.25, 0.4, "Popular now")]
                : null));
        var list = new RecommendationList(_version, 1, [.. items]);
        if (IsPlain(query))
        {
            _lists[(user, query.Explain)] = list;
        }

        return list;
    }

    private void Changed(string user)
    {
        _lists.Remove((user, true));
        _lists.Remove((user, false));
        if (_watchers.TryGetValue(user, out var channels))
        {
            foreach (var channel in channels)
            {
                channel.Writer.TryWrite(true);
            }
        }
    }

    private void Put(MovieMetadata movie) => _movies[movie.Id] = (movie, ++_version);

    private MovieDetails Details(string id) => new(_movies[id].Metadata, 3, [0.5, 1, 2, 3], DateTimeOffset.UnixEpoch, _movies[id].Version);

    private IReadOnlyList<ScoredMovie> Scored(int count, string? except)
    {
        Assert.InRange(count, 1, 100);
        return [.. _movies.Values.Where(m => m.Metadata.Id != except).Take(count).Select((m, i) => new ScoredMovie(m.Metadata, 1.0 / (i + 1), 3))];
    }

    private UserProfile Profile(string user) => new()
    {
        User = user, Position = 1, Learning = _consent.GetValueOrDefault(user, true), Interactions = _users.GetValueOrDefault(user)?.Count ?? 0,
        Movies = 1, Genres = [new TasteEntry("Drama", 1)], Years = [], Languages = [], People = [],
        Recent = [.. (_users.GetValueOrDefault(user) ?? []).Select(r => new HistoryEntry(r.Movie, "Title", r.Kind, r.Value, r.At))],
    };

    private void Check(string user)
    {
        Fail();
        Assert.StartsWith("u1-", user);
        Seen.Add(user);
    }

    private void Fail()
    {
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
