using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Cli.Tests.Replay;

public sealed class ReplayCommandTests : IDisposable
{
    private const int Users = 20, Events = 400, Movies = GroupedRatings.Groups * GroupedRatings.MoviesOfGroup;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Replay_OfAStoppedFolder_LearnsTheSameAgain()
    {
        await FillAsync();
        var before = await ReadAsync();
        Assert.Equal(Events, before.Users.Sum(user => user.Interactions));

        // Twice: what the first one told the movies does not count again.
        for (var round = 0; round < 2; round++)
        {
            var run = await CliRun.OfAsync("replay", "--data", _folder.Path, "--json");

            Assert.Equal((0, ""), (run.Code, run.Error));
            using var json = JsonDocument.Parse(run.Out);
            Assert.Equal(Events, json.RootElement.GetProperty("records").GetInt64());
            var after = await ReadAsync();
            Assert.Equal(before.Counts, after.Counts);
            Assert.Equal(before.Users, after.Users);
            Assert.Equal(["{}"], after.Audit);
        }
    }

    [Fact]
    public async Task Replay_FolderInUse_ChangesNothing()
    {
        await FillAsync();
        using (DataFolder.Open(_folder.Path))
        {
            var run = await CliRun.OfAsync("replay", "--data", _folder.Path);

            Assert.Equal(ExitCode.Failure, run.Code);
            Assert.Contains("in use", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Replay_NoDataFolder_SaysWhatToName()
    {
        var run = await CliRun.OfAsync("replay", "--data", _folder["none"]);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("--data", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["none"]));
    }

    private static string Pseudonym(int user) => $"u1-{user}";

    private async Task FillAsync()
    {
        using var folder = DataFolder.Open(_folder.Path);
        await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions(), TimeProvider.System);
        await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
        var movies = Enumerable.Range(0, Movies).Select(movie => new MovieMetadata { Id = $"{movie}", Title = $"Movie {movie}", Genres = ["Drama"] });
        await log.AppendAsync(
            [.. movies.Select(movie => new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata)))],
            CancellationToken.None);
        var events = GroupedRatings.Create(Events, Users, seed: 8).Select(line => line.Split(',')).Select((fields, place) => (UserRecord)new Interaction
        {
            Id = $"e{place}",
            User = Pseudonym(int.Parse(fields[0], CultureInfo.InvariantCulture)),
            Movie = fields[1],
            Kind = InteractionKind.Rate,
            Value = 4.5,
            Preference = 0.75,
            At = DateTimeOffset.FromUnixTimeSeconds(long.Parse(fields[3], CultureInfo.InvariantCulture)),
        });
        await log.AppendAsync(
            [.. events.Select(e => new LogEntry(Topics.Interactions, e.User, JsonSerializer.SerializeToUtf8Bytes(e, WireFormat.Default.UserRecord)))],
            CancellationToken.None);
        await store.AppendAuditAsync("{}", DateTimeOffset.UnixEpoch, CancellationToken.None);
        await RunAsync(log, store, (_, _) => Task.CompletedTask);
    }

    private async Task<Learned> ReadAsync()
    {
        using var folder = DataFolder.Open(_folder.Path);
        await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions(), TimeProvider.System);
        await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
        var (counts, users) = (new List<int>(), new List<(int, int)>());
        await RunAsync(log, store, async (engine, shared) =>
        {
            counts.AddRange(Enumerable.Range(0, Movies).Select(movie => shared.View.Describe($"{movie}", 0)!.Count));
            for (var user = 0; user < Users; user++)
            {
                users.Add(await engine.UseUserAsync(Pseudonym(user), 0, static (UserActor actor, int _) => (actor.State.Interactions, actor.State.MovieCount), CancellationToken.None));
            }
        });
        return new Learned(counts, users, [.. store.ListAudit(long.MaxValue, 10).Select(entry => entry.Json)]);
    }

    private static async Task RunAsync(SqliteLog log, SqliteStateStore store, Func<RecommendationEngine, SharedModel, Task> read)
    {
        using var shared = new SharedModel(new ModelOptions());
        await using var engine = new RecommendationEngine(log, store, shared, new EngineOptions(), TimeProvider.System, NullLogger<RecommendationEngine>.Instance);
        await engine.StartAsync(CancellationToken.None);
        await engine.CaughtUp;
        await read(engine, shared);
        await engine.StopAsync(CancellationToken.None);
    }

    private sealed record Learned(IReadOnlyList<int> Counts, IReadOnlyList<(int Interactions, int Movies)> Users, IReadOnlyList<string> Audit);
}
