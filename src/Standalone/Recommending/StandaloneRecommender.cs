using System.Runtime.CompilerServices;
using System.Text.Json;
using Cinegrain.Api;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Ingest;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Standalone.Recommending;

/// <summary>The API's port over the engine of this process.</summary>
internal sealed class StandaloneRecommender(
    RecommendationEngine engine, IErasableLog log, Intake intake, TitleSearch search, DashboardSource dashboard, StandaloneRetention retention, TimeProvider time,
    InteractionDocuments? documents = null)
    : IRecommender
{
    // A watcher looks again after this time at the latest: the shared model may have moved its list.
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    public bool IsReady => engine.CaughtUp.IsCompletedSuccessfully;

    public Task<IntakeReceipt> SubmitAsync(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, CancellationToken cancellationToken) =>
        intake.SubmitAsync(lines, idempotencyKey, "api", cancellationToken);

    public Task WaitForAsync(string user, string after, CancellationToken cancellationToken)
    {
        var partition = engine.PartitionOf(user);
        return LogPositions.Parse(after).ForPartition(partition) is { } version
            ? engine.WaitForUsersAsync(partition, version, cancellationToken)
            : Task.CompletedTask;
    }

    public ValueTask<RecommendationList> RecommendAsync(string user, RecommendationQuery query, CancellationToken cancellationToken) =>
        engine.UseUserAsync(
            user, (query, Now: Now()), static (actor, request) => actor.Recommend(request.query, request.Now), cancellationToken);

    public async IAsyncEnumerable<RecommendationList> WatchAsync(
        string user, RecommendationQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RecommendationList? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = engine.NextChangeAsync(user);
            var list = await RecommendAsync(user, query, cancellationToken);
            if (last is null || !IsSame(last, list))
            {
                last = list;
                yield return list;
            }

            using var period = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(WatchPeriod, time, period.Token));
            await period.CancelAsync();
        }
    }

    // A list of a user of whom nothing is known yet includes nothing: the position of an empty log.
    public string FormatPosition(string user, RecommendationList list) => list.Position == 0
        ? ""
        : LogPositions.Format(new LogPosition(engine.PartitionOf(user), list.Position - 1));

    public async ValueTask<UserProfile?> GetProfileAsync(string user, CancellationToken cancellationToken)
    {
        var view = engine.Shared.View;
        var profile = await engine.UseUserAsync(
            user, view, static (actor, view) => actor.State.Version == 0 ? null : actor.State.ToProfile(view.Title), cancellationToken);
        return profile is { Learning: true, Interactions: 0, Movies: 0 } ? null : profile;
    }

    public async Task<UserExport?> ExportAsync(string user, CancellationToken cancellationToken)
    {
        var profile = await GetProfileAsync(user, cancellationToken);
        var records = new List<UserRecord>();
        await foreach (var record in log.ReadKeyAsync(Topics.Interactions, engine.PartitionOf(user), user, cancellationToken))
        {
            // Unreadable records are in the rejected input already, with their reason.
            if (LogRecords.ParseUser(record, out _) is { } readable)
            {
                records.Add(readable);
            }
        }

        return profile is null ? null : new UserExport(profile, records);
    }

    public async Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken)
    {
        var known = await engine.UseUserAsync(user, 0, static (actor, _) => actor.State.Interactions, cancellationToken);
        var records = 0L;
        await foreach (var _ in log.ReadKeyAsync(Topics.Interactions, engine.PartitionOf(user), user, cancellationToken))
        {
            records++;
        }

        var now = time.GetUtcNow();
        var position = await intake.AppendControlAsync(new Erasure { Id = NewId(now), User = user, At = now }, cancellationToken);

        // The checkpoint that passes the erasure is made after the user's bytes are gone from the log.
        await engine.WaitForCheckpointAsync(position.Partition, position.Offset + 1, cancellationToken);
        if (documents is not null)
        {
            await documents.WaitAsync(position.Partition, position.Offset + 1, cancellationToken);
        }

        var removed = new Dictionary<string, long> { ["state"] = known > 0 ? 1 : 0 };
        var remaining = new List<RemainingData>
        {
            new(
                "tombstone",
                $"{(documents is null ? "a hash of the pseudonym" : "the pseudonym")} with a version, so that no older record brings the user back",
                null),
            new("signals", "interactions seen from their movies in the log; they name no user", now + retention.Signals),
            new("sums of movies", "counts and weights that movies learned from everybody; they name no user", null),
            new("audit entry", "that and when this erasure was asked for, under a hash of the pseudonym", now + retention.Audit),
        };
        if (log.ErasesAtOnce)
        {
            removed["log records"] = records;
        }
        else
        {
            removed["log records passed over"] = records;
            remaining.Insert(0, new("log records", "interactions in the log that no reader of this program sees any more", now + retention.Interactions));
            remaining.Insert(1, new("refused input", "lines that the quality gate refused, under the pseudonym", now + retention.Rejected));
        }

        return new ErasureReport(LogPositions.Format(position), now, removed, remaining);
    }

    public async Task<string> SetConsentAsync(string user, bool learning, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var record = new ConsentChange { Id = NewId(now), User = user, At = now, Learning = learning };
        var position = await intake.AppendControlAsync(record, cancellationToken);
        await engine.WaitForUsersAsync(position.Partition, position.Offset + 1, cancellationToken);
        return LogPositions.Format(position);
    }

    public ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(engine.Shared.View.Describe(id, Now()) is { } movie ? ToDetails(movie) : null);

    public async Task PutMoviesAsync(IReadOnlyList<MovieMetadata> movies, CancellationToken cancellationToken)
    {
        var entries = movies.Select(movie => new LogEntry(
            Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata))).ToList();
        await AppendToCatalogueAsync(entries, cancellationToken);
    }

    public async Task<bool> DeleteMovieAsync(string id, CancellationToken cancellationToken)
    {
        if (engine.Shared.View.Metadata(id) is null)
        {
            return false;
        }

        await AppendToCatalogueAsync([new LogEntry(Topics.Movies, id, ReadOnlyMemory<byte>.Empty)], cancellationToken);
        return true;
    }

    public ValueTask<MoviePage> SearchMoviesAsync(string? query, string? after, int limit, CancellationToken cancellationToken)
    {
        var (movies, next) = search.Find(query, after, limit, Now());
        return ValueTask.FromResult(new MoviePage([.. movies.Select(ToDetails)], next));
    }

    public ValueTask<IReadOnlyList<ScoredMovie>?> GetSimilarAsync(string id, int count, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ScoredMovie>?>(
            MovieCharts.Similar(engine.Shared.View, id, count, Now()) is { } similar ? [.. similar.Select(ToScored)] : null);

    public ValueTask<IReadOnlyList<ScoredMovie>> GetTrendingAsync(int count, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ScoredMovie>>([.. MovieCharts.Trending(engine.Shared.View, count, Now()).Select(ToScored)]);

    public ValueTask<IReadOnlyList<ScoredMovie>> GetPopularAsync(int count, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ScoredMovie>>([.. MovieCharts.Popular(engine.Shared.View, count, Now()).Select(ToScored)]);

    public ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken) => ValueTask.FromResult(dashboard.Read());

    internal static ScoredMovie ToScored(ChartEntry entry) => new(entry.Movie.Metadata, entry.Score, entry.Movie.Count);

    private static bool IsSame(RecommendationList a, RecommendationList b) =>
        ReferenceEquals(a, b) || (a.Position == b.Position && a.Items.Count == b.Items.Count
            && a.Items.Zip(b.Items).All(pair => pair.First.Movie == pair.Second.Movie));

    private static MovieDetails ToDetails(MovieSummary movie) => new(
        movie.Metadata,
        movie.Count,
        movie.Popularity,
        movie.FirstSeenSeconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(movie.FirstSeenSeconds),
        (long)StableHash.Of(StableHash.Of(JsonSerializer.Serialize(movie.Metadata, WireFormat.Default.MovieMetadata)), (ulong)movie.Count));

    private async Task AppendToCatalogueAsync(List<LogEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
        {
            return;
        }

        foreach (var position in await log.AppendAsync(entries, cancellationToken))
        {
            await engine.WaitForCatalogueAsync(position.Partition, position.Offset + 1, cancellationToken);
        }
    }

    private static string NewId(DateTimeOffset now) => Ulid.NewUlid(now).ToString();

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
