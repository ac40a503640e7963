using System.Text.Json;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Simulation.Tests.Scheduling;
using Cinegrain.Simulation.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests.Engine;

/// <summary>In lockstep the servers do what the model does on one thread.</summary>
public sealed class LockstepTests
{
    private const int Events = 600;

    private static readonly string[] Genres = ["Drama", "Comedy", "Horror", "Crime", "Western"];

    private readonly Random _random = new(11);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Engine_Lockstep_GivesTheListsAndStatesOfTheSequentialModel(int moviePartitions)
    {
        var scheduler = new Scheduler(1, _time);
        scheduler.Run(() => CompareAsync(scheduler, moviePartitions));
    }

    private async Task CompareAsync(Scheduler scheduler, int moviePartitions)
    {
        using var machine = new Machine(scheduler, new Random(2), hasFaults: false, operationsToLive: 0);
        var disk = new LogDisk(
            new Dictionary<string, int>
            {
                [Topics.Interactions] = 1, [Topics.Signals] = moviePartitions, [Topics.Movies] = 1, [Topics.Rejected] = 1,
            },
            (_, _, _) => { });
        var log = new SimulatedLog(disk, machine);
        var stored = new StoreDisk(new NoObserver());
        var store = new SimulatedStore(stored, machine, isAtomic: true);
        var options = new EngineOptions { Lockstep = true, CheckpointInterval = TimeSpan.FromMilliseconds(300) };
        await using var engine = new RecommendationEngine(
            log, store, new SharedModel(new ModelOptions()), options, _time, NullLogger<RecommendationEngine>.Instance);
        using var model = new SequentialModel(new ModelOptions());
        await engine.StartAsync(CancellationToken.None);

        var movies = Enumerable.Range(0, 60).Select(i => new MovieMetadata
        {
            Id = $"m{i}", Title = $"Movie {i}", Year = 1950 + i, Genres = [Genres[i % 5], Genres[i * 3 % 5]], Language = "en",
        }).ToArray();
        foreach (var movie in movies)
        {
            model.Put(movie);
            var position = (await log.AppendAsync(
                [new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata))], CancellationToken.None))[0];
            await engine.WaitForCatalogueAsync(position.Partition, position.Offset + 1, CancellationToken.None);
        }

        var lists = 0;
        for (var i = 0; i < Events; i++)
        {
            var record = Draw(i, movies);
            model.Learn(record, test: record is Interaction { Preference: > 0 });
            var position = (await log.AppendAsync(
                [new LogEntry(Topics.Interactions, record.User, JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.UserRecord))], CancellationToken.None))[0];
            await engine.WaitForUsersAsync(position.Partition, position.Offset + 1, CancellationToken.None);

            var now = record.At.ToUnixTimeSeconds();
            var reader = _random.Next(3) == 0 ? $"user-{_random.Next(20)}" : record.User;
            var expected = model.User(reader).Recommend(new RecommendationQuery(), now);
            var actual = await engine.UseUserAsync(
                reader, now, static (actor, at) => actor.Recommend(new RecommendationQuery(), at), CancellationToken.None);
            Assert.Equal(
                expected.Items.Select(item => (item.Movie, item.Score)), actual.Items.Select(item => (item.Movie, item.Score)));
            lists += actual.Items.Count > 0 ? 1 : 0;
        }

        Assert.Equal(Events, lists);
        Assert.True(model.Blend.Steps > 50);
        await engine.StopAsync(CancellationToken.None);
        foreach (var (id, user) in model.Users.Where(user => user.Value.State.Version > 0))
        {
            var state = stored.Load(ActorKind.User, id)!;
            Assert.Equal(user.State.Version, state.Version);
            Assert.Equal(user.State.IsErased ? [] : user.State.ToBytes(), state.State.ToArray());
        }

        foreach (var (id, movie) in model.Movies)
        {
            var state = stored.Load(ActorKind.Movie, id)!;
            var actual = MovieState.FromBytes(id, state.Version, state.State.Span, engine.Shared.Index);
            Assert.Equal((movie.Count, movie.TotalWeight, movie.FirstSeenSeconds), (actual.Count, actual.TotalWeight, actual.FirstSeenSeconds));
        }
    }

    private UserRecord Draw(int number, MovieMetadata[] movies)
    {
        var user = $"user-{_random.Next(20)}";
        var at = _time.GetUtcNow().AddMinutes(number);
        if (_random.Next(60) == 0)
        {
            return new Erasure { Id = $"{number}", User = user, At = at };
        }

        var movie = movies[(int)(Math.Pow(_random.NextDouble(), 2) * movies.Length)];
        var kind = (InteractionKind)_random.Next(7);
        double? value = kind is InteractionKind.Rate ? _random.Next(1, 11) / 2.0 : kind is InteractionKind.Watch ? _random.NextDouble() : null;
        return new Interaction
        {
            Id = $"{number}",
            User = user,
            At = at,
            Movie = movie.Id,
            Kind = kind,
            Value = value,
            Preference = Normalisation.Preference(kind, value),
            Genres = movie.Genres,
            Year = movie.Year,
            Language = movie.Language,
        };
    }
}
