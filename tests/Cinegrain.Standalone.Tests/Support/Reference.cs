using System.Text.Json;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;
using Xunit;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>
/// The state of a run that was never interrupted, made from the log of a stopped host by the model alone: every record of a user, in order, and every
/// signal once.
/// </summary>
internal sealed class Reference : IDisposable
{
    private readonly SharedModel _shared = new(new ModelOptions());
    private readonly Dictionary<string, UserActor> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MovieState> _movies = new(StringComparer.Ordinal);
    private readonly TraitsDelta _delta = new();

    public IReadOnlyDictionary<string, UserActor> Users => _users;

    /// <summary>Reads the log of a folder that no host uses.</summary>
    public static async Task<Reference> ReadAsync(string folder)
    {
        await using var log = SqliteLog.Open(folder, new SqliteLogOptions(), TimeProvider.System);
        return await ReadAsync(log);
    }

    /// <summary>Reads any log.</summary>
    public static async Task<Reference> ReadAsync(ILog log)
    {
        var reference = new Reference();
        for (var partition = 0; partition < log.PartitionCount(Topics.Interactions); partition++)
        {
            await foreach (var record in RecordsAsync(log, Topics.Interactions, partition))
            {
                reference.Learn(partition, record);
            }
        }

        return reference;
    }

    /// <summary>Records of a partition, to its end.</summary>
    public static async IAsyncEnumerable<LogRecord> RecordsAsync(ILog log, string topic, int partition)
    {
        var end = log.End(topic, partition);
        for (var offset = 0L; offset < end;)
        {
            var records = await log.ReadAsync(topic, partition, offset, 1_000, CancellationToken.None);
            foreach (var record in records)
            {
                yield return record;
            }

            offset = records.Count > 0 ? records[^1].Offset + 1 : end;
        }
    }

    /// <summary>
    /// The stored states are the same: users bit for bit, movies in what commutes (counts, weights ever received, first seen, popularity to 1e-9).
    /// </summary>
    public async Task AssertStoredAsync(string folder)
    {
        await using var store = SqliteStateStore.Open(folder, new SqliteStateStoreOptions());
        await AssertStoredAsync(store);
    }

    /// <summary>The states of any store are the same.</summary>
    public async Task AssertStoredAsync(IStateStore store)
    {
        await AssertUsersStoredAsync(store);
        await AssertMoviesStoredAsync(store);
    }

    /// <summary>Signals stand once in the log: a start does not emit again what a life before emitted.</summary>
    /// <param name="late">How many may stand twice: a broker may take what a killed process had sent after the next start has looked. Movies pass over them.</param>
    public static async Task AssertSignalsOnceAsync(ILog log, int late)
    {
        var sources = new HashSet<SignalSource>();
        var twice = new List<SignalSource>();
        for (var partition = 0; partition < log.PartitionCount(Topics.Signals); partition++)
        {
            await foreach (var record in RecordsAsync(log, Topics.Signals, partition))
            {
                if (JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.MovieRecord) is Signal signal
                    && !sources.Add(signal.Source with { Checkpoint = 0 }))
                {
                    twice.Add(signal.Source);
                }
            }
        }

        Assert.NotEmpty(sources);
        Assert.True(twice.Count <= late, $"{twice.Count} of {sources.Count} signals stand twice in the log, the first that of {twice.FirstOrDefault()}");
    }

    /// <summary>The stored users are the same, bit for bit.</summary>
    public async Task AssertUsersStoredAsync(string folder)
    {
        await using var store = SqliteStateStore.Open(folder, new SqliteStateStoreOptions());
        await AssertUsersStoredAsync(store);
    }

    private async Task AssertUsersStoredAsync(IStateStore store)
    {
        var stored = await store.LoadAsync(ActorKind.User, [.. _users.Keys], CancellationToken.None);
        foreach (var (actor, state) in _users.Values.Zip(stored))
        {
            Assert.NotNull(state);
            Assert.Equal(actor.State.Version, state.Version);
            Assert.Equal(actor.State.IsErased, state.IsTombstone);
            if (!state.IsTombstone)
            {
                Assert.Equal(actor.State.ToBytes(), state.State.ToArray());
            }
        }

        var users = 0;
        await foreach (var state in store.ScanAsync(ActorKind.User, CancellationToken.None))
        {
            users += _users.ContainsKey(state.Id) ? 1 : throw new InvalidOperationException("The store has a user that is not in the log.");
        }

        Assert.Equal(_users.Values.Count(actor => !actor.State.IsErased), users);
    }

    private async Task AssertMoviesStoredAsync(IStateStore store)
    {
        var movies = 0;
        await foreach (var state in store.ScanAsync(ActorKind.Movie, CancellationToken.None))
        {
            var actual = MovieState.FromBytes(state.Id, state.Version, state.State.Span, _shared.Index);
            if (!_movies.TryGetValue(state.Id, out var expected))
            {
                Assert.Equal(0, actual.Count);
                continue;
            }

            movies++;
            Assert.Equal((state.Id, expected.Count), (state.Id, actual.Count));
            Assert.Equal(expected.TotalWeight, actual.TotalWeight);
            Assert.Equal(expected.FirstSeenSeconds, actual.FirstSeenSeconds);
            for (var constant = 0; constant < ModelConstants.PopularityDays.Length; constant++)
            {
                Assert.InRange(Math.Abs(actual.Popularity(constant) - expected.Popularity(constant)), 0, 1e-9 * expected.Popularity(constant));
            }
        }

        Assert.Equal(_movies.Count, movies);
    }

    public void Dispose() => _shared.Dispose();

    private void Learn(int partition, LogRecord raw)
    {
        var record = JsonSerializer.Deserialize(raw.Value.Span, WireFormat.Default.UserRecord)!;
        if (!_users.TryGetValue(record.User, out var actor))
        {
            _users[record.User] = actor = new UserActor(new UserState(record.User, _shared.Index), _shared);
        }

        if (actor.Apply(new UserPartition(partition, 0, 0), raw.Offset, record, test: false).Signal is not { } signal)
        {
            return;
        }

        if (!_movies.TryGetValue(signal.Movie, out var movie))
        {
            _movies[signal.Movie] = movie = new MovieState(signal.Movie, _shared.Index);
        }

        Assert.True(movie.Apply(movie.Version, signal, _shared.View, _delta));
    }
}
