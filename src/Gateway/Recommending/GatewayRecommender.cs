using System.Runtime.CompilerServices;
using System.Text.Json;
using Cinegrain.Api;
using Cinegrain.Gateway.Hosting;
using Cinegrain.Grains;
using Cinegrain.Hosting;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;
using Orleans.Concurrency;

namespace Cinegrain.Gateway.Recommending;

/// <summary>The API's port over a cluster. It neither ranks nor learns: writes go to the log, questions to the user's grain.</summary>
internal sealed class GatewayRecommender(ClusterConnection cluster, GatewayLog log, GatewayDashboard dashboard, GatewayOptions options, TimeProvider time) : IRecommender
{
    // A watcher looks again after this time at the latest: the shared model may have moved its list.
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1), WaitPeriod = TimeSpan.FromSeconds(2);

    // How long an erasure waits for the documents: their reader is a second behind, and more when much was sent at once.
    private static readonly TimeSpan DocumentsLimit = TimeSpan.FromSeconds(30);

    public bool IsReady => log.IsReady && cluster.IsConnected;

    public Task<IntakeReceipt> SubmitAsync(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, CancellationToken cancellationToken) =>
        log.Intake.SubmitAsync(lines, idempotencyKey, "api", cancellationToken);

    public Task WaitForAsync(string user, string after, CancellationToken cancellationToken) =>
        LogPositions.Parse(after).ForPartition(log.PartitionOf(user)) is { } version ? ReachAsync(user, version, cancellationToken) : Task.CompletedTask;

    public async ValueTask<RecommendationList> RecommendAsync(string user, RecommendationQuery query, CancellationToken cancellationToken) =>
        (await cluster.AskAsync(grains => grains.GetGrain<IUserGrain>(user).RecommendAsync(new Immutable<RecommendationQuery>(query)))).Value;

    public async IAsyncEnumerable<RecommendationList> WatchAsync(
        string user, RecommendationQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RecommendationList? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var list = await RecommendAsync(user, query, cancellationToken);
            if (last is null || last.Position != list.Position || !last.Items.Select(item => item.Movie).SequenceEqual(list.Items.Select(item => item.Movie)))
            {
                last = list;
                yield return list;
            }

            await cluster.AskAsync(async grains =>
            {
                await grains.GetGrain<IUserGrain>(user).WaitForChangeAsync(list.Position, WatchPeriod);
                return true;
            });
        }
    }

    // A list of a user of whom nothing is known yet includes nothing: the position of an empty log.
    public string FormatPosition(string user, RecommendationList list) =>
        list.Position == 0 ? "" : LogPositions.Format(new LogPosition(log.PartitionOf(user), list.Position - 1));

    public async ValueTask<UserProfile?> GetProfileAsync(string user, CancellationToken cancellationToken) =>
        (await cluster.AskAsync(grains => grains.GetGrain<IUserGrain>(user).ProfileAsync()))?.Value;

    public async Task<UserExport?> ExportAsync(string user, CancellationToken cancellationToken)
    {
        if (await GetProfileAsync(user, cancellationToken) is not { } profile)
        {
            return null;
        }

        var records = new List<UserRecord>();
        await foreach (var record in RecordsAsync(user, cancellationToken))
        {
            // What cannot be read is in the rejected input already, with its reason.
            if (LogRecords.ParseUser(record, out _) is { } parsed)
            {
                records.Add(parsed);
            }
        }

        return new UserExport(profile, records);
    }

    public async Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken)
    {
        var known = (await GetProfileAsync(user, cancellationToken))?.Interactions ?? 0;
        var records = 0L;
        await foreach (var _ in RecordsAsync(user, cancellationToken))
        {
            records++;
        }

        var now = time.GetUtcNow();
        var position = await log.Intake.AppendControlAsync(new Erasure { Id = NewId(now), User = user, At = now }, cancellationToken);
        await ReachAsync(user, position.Offset + 1, cancellationToken);

        // Once the tombstone is stored, every reader of the cluster passes over what the log holds.
        await cluster.AskAsync(grains => grains.GetGrain<IUserGrain>(user).PersistAsync(position.Offset));
        var documents = await EraseDocumentsAsync(user, position, cancellationToken)
            ? []
            : new[]
            {
                new RemainingData(
                    "documents",
                    $"interactions as analysts see them, which were not gone after {DocumentsLimit.TotalSeconds:0} seconds; they go when the reader that writes them passes the erasure",
                    null),
            };
        return new ErasureReport(
            LogPositions.Format(position),
            now,
            new Dictionary<string, long> { ["state"] = known > 0 ? 1 : 0, ["log records passed over"] = records },
            [
                .. documents,
                new("log records", "interactions in the log that no reader of this program sees any more", now + TimeSpan.FromDays(options.RetainInteractionsDays)),
                new("refused input", "lines that the quality gate refused, under the pseudonym", now + TimeSpan.FromDays(options.RetainRejectedDays)),
                new("tombstone", "the pseudonym with a version, so that no older record brings the user back", null),
                new("signals", "interactions seen from their movies in the log; they name no user", now + TimeSpan.FromDays(options.RetainSignalsDays)),
                new("sums of movies", "counts and weights that movies learned from everybody; they name no user", null),
                new(
                    "audit entry",
                    "that and when this erasure was asked for, under a hash of the pseudonym",
                    options.Audit == "none" ? now : now + TimeSpan.FromDays(options.RetainAuditDays)),
            ]);
    }

    public async Task<string> SetConsentAsync(string user, bool learning, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var position = await log.Intake.AppendControlAsync(
            new ConsentChange { Id = NewId(now), User = user, At = now, Learning = learning }, cancellationToken);
        await ReachAsync(user, position.Offset + 1, cancellationToken);
        return LogPositions.Format(position);
    }

    public async ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken) =>
        log.TryGet(id, out var metadata) && await cluster.AskAsync(grains => Catalogue(grains).DescribeAsync(id)) is { } traits ? ToDetails(metadata, traits) : null;

    public Task PutMoviesAsync(IReadOnlyList<MovieMetadata> movies, CancellationToken cancellationToken) => AppendToCatalogueAsync(
        [.. movies.Select(movie => new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata)))],
        cancellationToken);

    public async Task<bool> DeleteMovieAsync(string id, CancellationToken cancellationToken)
    {
        if (!log.TryGet(id, out _))
        {
            return false;
        }

        await AppendToCatalogueAsync([new LogEntry(Topics.Movies, id, ReadOnlyMemory<byte>.Empty)], cancellationToken);
        return true;
    }

    public async ValueTask<MoviePage> SearchMoviesAsync(string? query, string? after, int limit, CancellationToken cancellationToken)
    {
        var page = await cluster.AskAsync(grains => Catalogue(grains).SearchAsync(query, after, limit));
        return new MoviePage([.. Known(page.Movies).Select(movie => ToDetails(movie.Metadata, movie.Traits))], page.Next);
    }

    public async ValueTask<IReadOnlyList<ScoredMovie>?> GetSimilarAsync(string id, int count, CancellationToken cancellationToken) =>
        await cluster.AskAsync(grains => Catalogue(grains).SimilarAsync(id, count)) is { } similar ? ToScored(similar) : null;

    public async ValueTask<IReadOnlyList<ScoredMovie>> GetTrendingAsync(int count, CancellationToken cancellationToken) =>
        ToScored(await cluster.AskAsync(grains => Catalogue(grains).TrendingAsync(count)));

    public async ValueTask<IReadOnlyList<ScoredMovie>> GetPopularAsync(int count, CancellationToken cancellationToken) =>
        ToScored(await cluster.AskAsync(grains => Catalogue(grains).PopularAsync(count)));

    public async ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken) =>
        await dashboard.ReadAsync(await GetPopularAsync(DashboardPage.Listed, cancellationToken), await GetTrendingAsync(DashboardPage.Listed, cancellationToken));

    private static ICatalogueGrain Catalogue(IGrainFactory grains) => grains.GetGrain<ICatalogueGrain>(0);

    private static string NewId(DateTimeOffset now) => Ulid.NewUlid(now).ToString();

    private async Task ReachAsync(string user, long version, CancellationToken cancellationToken)
    {
        while (!await cluster.AskAsync(grains => grains.GetGrain<IUserGrain>(user).WaitForAsync(version, WaitPeriod)))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>True once analysts see nothing of an erased user; false when that takes longer than the limit, or is not possible now.</summary>
    private async Task<bool> EraseDocumentsAsync(string user, LogPosition erasure, CancellationToken cancellationToken)
    {
        for (var started = time.GetTimestamp(); time.GetElapsedTime(started) < DocumentsLimit; cancellationToken.ThrowIfCancellationRequested())
        {
            try
            {
                if (await cluster.AskAsync(grains => grains.GetGrain<IDocumentsGrain>(0).EraseAsync(user, erasure.Partition, erasure.Offset + 1, WaitPeriod)))
                {
                    return true;
                }
            }
            catch (UnavailableException)
            {
                // The user is erased all the same: the answer says what is left.
                await Task.Delay(WatchPeriod, time, cancellationToken);
            }
        }

        return false;
    }

    private async IAsyncEnumerable<LogRecord> RecordsAsync(string user, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var partition = log.PartitionOf(user);
        var end = await log.Log.AskEndAsync(Topics.Interactions, partition, cancellationToken);
        await foreach (var record in log.Log.ScanAsync(Topics.Interactions, partition, 0, end, cancellationToken))
        {
            if (record.Key == user)
            {
                yield return record;
            }
        }
    }

    private async Task AppendToCatalogueAsync(List<LogEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
        {
            return;
        }

        foreach (var position in (await log.Log.AppendAsync(entries, cancellationToken)).GroupBy(p => p.Partition).Select(partition => partition.MaxBy(p => p.Offset)))
        {
            await log.WaitForMoviesAsync(position, cancellationToken);
            while (!await cluster.AskAsync(grains => Catalogue(grains).WaitForMoviesAsync(position.Partition, position.Offset + 1, WaitPeriod)))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Those of the catalogue: a movie may have been withdrawn between the two.</summary>
    private IEnumerable<(MovieMetadata Metadata, MovieTraits Traits)> Known(IEnumerable<MovieTraits> movies)
    {
        foreach (var movie in movies)
        {
            if (log.TryGet(movie.Movie, out var metadata))
            {
                yield return (metadata, movie);
            }
        }
    }

    private IReadOnlyList<ScoredMovie> ToScored(MovieTraits[] movies) =>
        [.. Known(movies).Select(movie => new ScoredMovie(movie.Metadata, movie.Traits.Score, movie.Traits.Count))];

    private static MovieDetails ToDetails(MovieMetadata metadata, MovieTraits traits) => new(
        metadata,
        traits.Count,
        traits.Popularity,
        traits.FirstSeenSeconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(traits.FirstSeenSeconds),
        (long)Model.StableHash.Of(Model.StableHash.Of(JsonSerializer.Serialize(metadata, WireFormat.Default.MovieMetadata)), (ulong)traits.Count));
}
