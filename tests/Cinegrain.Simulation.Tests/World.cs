using System.Text.Json;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Simulation.Tests.Scheduling;
using Cinegrain.Simulation.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests;

/// <summary>One life of the process.</summary>
internal sealed record Life(Machine Machine, SimulatedLog Log, RecommendationEngine Engine);

/// <summary>
/// A run: disk and clock, clients, and a process that is started and killed again and again. Checks what must hold on the way, and in the end
/// compares with a run that was never killed.
/// </summary>
internal sealed class World : IStoreObserver
{
    private static readonly DateTimeOffset Beginning = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scheduler _scheduler;
    private readonly Random _random;
    private readonly StoreDisk _store;
    private readonly Dictionary<LogPosition, Interaction> _acknowledged = [];
    private readonly HashSet<(int Epoch, int Partition, long Offset)> _signals = [];

    // By epoch and partition of users and by partition of signals: the highest offset whose signal the log held when the process started.
    private Dictionary<(int Epoch, int Partition, int Of), long> _emittedBefore = [];
    private readonly Dictionary<(string, int, long), long> _landedAt = [];
    private readonly Dictionary<(string, int), long> _observed = [];
    private readonly HashSet<(string Source, long Offset)> _unreadable = [], _rejected = [];
    private Life? _observedIn;
    private long _landed;
    private bool _isStopping;
    private Reference _reference;

    private World(int seed)
    {
        _random = new Random(seed);
        _scheduler = new Scheduler(_random.Next(), new FakeTimeProvider(Beginning) { AutoAdvanceAmount = TimeSpan.Zero });
        Scenario = Scenario.Draw(_random);
        _reference = new Reference(Scenario.Partitions[Topics.Interactions]);
        Log = new LogDisk(Scenario.Partitions, Landed);
        _store = new StoreDisk(this);
    }

    public Scenario Scenario { get; }

    public TimeProvider Time => _scheduler.Time;

    public LogDisk Log { get; }

    /// <summary>The life that answers; null while the process is down.</summary>
    public Life? Life { get; private set; }

    public bool IsEnding { get; private set; }

    /// <summary>What happened, to tell how much a run tried.</summary>
    public Tally Tally { get; } = new();

    /// <summary>Runs a seed.</summary>
    /// <returns>Hash of its trace, and what happened.</returns>
    /// <exception cref="SimulationException">Something that must hold does not; the message says how to run the seed again.</exception>
    public static (ulong Trace, Tally Tally) Run(int seed)
    {
        var world = new World(seed);
        try
        {
            world._scheduler.Run(world.RunAsync);
        }
        catch (Exception exception)
        {
            var trace = string.Join('\n', world._scheduler.Trace);
            throw new SimulationException(
                $"seed {seed} ({world.Scenario}): {exception.Message}\nRun it again: CINEGRAIN_SIM_SEED={seed} "
                + $"dotnet test tests/Cinegrain.Simulation.Tests\n{(exception is SimulationException ? "" : exception)}\n{trace}");
        }

        world.Tally.Records = world._landed;
        return (world._scheduler.TraceHash, world.Tally);
    }

    public void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            _scheduler.Fail(otherwise);
        }
    }

    /// <summary>The log has acknowledged an interaction.</summary>
    public void Acknowledged(LogPosition position, Interaction interaction) => _acknowledged[position] = interaction;

    /// <summary>Checkpoints only grow while a process lives, and are never ahead of the disk.</summary>
    public void Observe(Life life)
    {
        if (_observedIn != life)
        {
            _observedIn = life;
            _observed.Clear();
        }

        foreach (var (topic, partition, offset) in life.Engine.NeededFrom())
        {
            Require(offset >= _observed.GetValueOrDefault((topic, partition)), "a checkpoint went back");
            Require(offset <= (_store.LoadCheckpoint(topic, partition)?.Offset ?? 0), "a checkpoint is ahead of the store");
            _observed[(topic, partition)] = offset;
        }
    }

    /// <summary>Retention: what is below the checkpoints may go, and records of the catalogue that newer ones replace.</summary>
    public void Trim()
    {
        if (!Scenario.HasRetention || Life is not { } life)
        {
            return;
        }

        foreach (var (topic, partition, needed) in life.Engine.NeededFrom())
        {
            var stored = Math.Min(needed, _store.LoadCheckpoint(topic, partition)?.Offset ?? 0);
            Remove(Log[topic][partition], record => record.Offset < stored);
        }

        foreach (var partition in Log[Topics.Movies])
        {
            var last = partition.Records.Where(record => record is not null).GroupBy(record => record!.Value.Key)
                .ToDictionary(group => group.Key, group => group.Max(record => record!.Value.Offset));
            Remove(partition, record => record.Offset < last[record.Key]);
        }

        // The search for what was emitted may not have begun: what it cannot find any more may be emitted again.
        _emittedBefore = Emitted((key, offset) => offset <= _emittedBefore.GetValueOrDefault(key, -1));
        Tally.Trims++;

        static void Remove(LogDiskPartition partition, Func<LogRecord, bool> isOld)
        {
            for (var i = 0; i < partition.Records.Count; i++)
            {
                if (partition.Records[i] is { } record && isOld(record))
                {
                    partition.Records[i] = null;
                }
            }
        }
    }

    void IStoreObserver.Writing(ActorState? stored, ActorState state)
    {
        _scheduler.Note($"state {state.Kind} {state.Id} {state.Version} {Hash(state.State.Span)}");
        if (stored is null)
        {
            return;
        }

        if (state.Kind == ActorKind.Singleton)
        {
            if (state.Id == Blend.StateId && state.Version > stored.Version)
            {
                var before = Marks(stored.State.Span);
                foreach (var (partition, mark) in Marks(state.State.Span))
                {
                    Require(mark >= before.GetValueOrDefault(partition, -1), "a mark of the blend went back");
                }
            }

            return;
        }

        Require(state.Version >= stored.Version, $"a {state.Kind} is written with a version below the stored one");
        Require(
            state.Version != stored.Version || state.State.Span.SequenceEqual(stored.State.Span),
            $"a {state.Kind} is written twice with one version and different bytes");
    }

    void IStoreObserver.Writing(Checkpoint? stored, Checkpoint checkpoint, StoreDisk disk)
    {
        _scheduler.Note($"checkpoint {checkpoint.Topic}/{checkpoint.Partition} {checkpoint.Offset}");
        Require(stored is null || stored.Epoch == checkpoint.Epoch, "the epoch changed while the store was there");
        Require(stored is null || stored.Offset <= checkpoint.Offset, "a checkpoint goes back");
        var from = stored?.Offset ?? 0;
        if (checkpoint.Topic == Topics.Interactions)
        {
            for (var offset = from; offset < checkpoint.Offset; offset++)
            {
                if (_reference.Records(checkpoint.Partition).TryGetValue(offset, out var user))
                {
                    Require(disk.Load(ActorKind.User, user)?.Version > offset, "a checkpoint is ahead of a user's state");
                    Require(
                        !_reference.Signals(checkpoint.Partition).ContainsKey(offset)
                            || _signals.Contains((checkpoint.Epoch, checkpoint.Partition, offset)),
                        "a checkpoint is ahead of a signal");
                }
            }
        }
        else if (checkpoint.Topic == Topics.Signals)
        {
            foreach (var record in Log[Topics.Signals][checkpoint.Partition].Records.Take((int)checkpoint.Offset).Skip((int)from))
            {
                if (record is { } raw && Reference.ParseMovie(raw) is { } parsed && !IsOld(parsed))
                {
                    Require(disk.Load(ActorKind.Movie, parsed.Movie)?.Version > raw.Offset, "a checkpoint is ahead of a movie's state");
                }
            }
        }
    }

    private async Task RunAsync()
    {
        var clients = Enumerable.Range(0, Scenario.Clients).Select(name => new Clients(this, new Random(_random.Next())).RunAsync(name)).ToArray();
        if (Scenario.Users > 100)
        {
            clients = [.. clients, new Clients(this, new Random(_random.Next())).ReadOftenAsync()];
        }

        for (var life = 0; life < Scenario.Lives; life++)
        {
            await LiveAsync();
            if (Scenario.LosesStore && _random.Next(4) == 0)
            {
                // Epochs are told apart by the second in which they begin.
                await Task.Delay(TimeSpan.FromSeconds(1.1), Time);
                _store.Clear();
                _reference = Reference.Of(Log);
                Tally.Rebuilds++;
            }
        }

        await StartAsync(faults: false, operationsToLive: -1);
        await Task.Delay(TimeSpan.FromSeconds(1), Time);
        IsEnding = true;
        await Task.WhenAll(clients);
        using var machine = Life!.Machine;
        var engine = Life.Engine;
        await engine.CaughtUp;

        // Signals are in the log by the checkpoint of their events at the latest.
        while (engine.NeededFrom().Any(needed => needed.Topic == Topics.Interactions && needed.Offset < Log[needed.Topic][needed.Partition].End)
            || engine.Lag > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), Time);
        }

        await engine.StopAsync(CancellationToken.None);
        Compare(engine.Shared);
        await engine.DisposeAsync();
    }

    /// <summary>Starts the process, lets it run and ends it: mostly by a kill, in the middle of a drawn operation or at a drawn time.</summary>
    private async Task LiveAsync()
    {
        var atOperation = _random.Next(3) != 0;
        var life = await StartAsync(Scenario.HasFaults, atOperation ? 1 << _random.Next(1, 10) : -1);
        var end = Time.GetUtcNow().AddMilliseconds(_random.Next(10, 6_000));
        while (!life.Machine.IsDead && Time.GetUtcNow() < end && Life is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(25), Time);
        }

        if (!life.Machine.IsDead && _random.Next(4) == 0)
        {
            _scheduler.Note("stop");
            Tally.Stops++;
            _isStopping = true;
            var caughtUp = life.Engine.CaughtUp.IsCompletedSuccessfully;
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(_random.Next(1, 10)), Time);
                await life.Engine.StopAsync(patience.Token);
                if (caughtUp && !patience.IsCancellationRequested)
                {
                    Tally.Drained++;
                    Require(
                        life.Engine.NeededFrom().Where(needed => needed.Topic == Topics.Signals).All(needed => Log[needed.Topic][needed.Partition].Records
                            .Skip((int)needed.Offset).All(record => record is not { } raw || Reference.ParseMovie(raw) is not Signal)),
                        "a stop left signals that no movie learned");
                }
            }
            catch (ProcessKilledException) when (life.Machine.IsDead)
            {
                // It died while it stopped.
            }
        }

        Life = null;
        _isStopping = false;
        Tally.Kills++;
        life.Machine.Kill();
        await life.Engine.DisposeAsync();
    }

    private async Task<Life> StartAsync(bool faults, int operationsToLive)
    {
        var machine = new Machine(_scheduler, new Random(_random.Next()), faults, operationsToLive);
        var log = new SimulatedLog(Log, machine);
        var store = new SimulatedStore(_store, machine, Scenario.IsAtomic);
        var engine = new RecommendationEngine(
            log, store, new SharedModel(new ModelOptions()), Scenario.Engine, Time, NullLogger<RecommendationEngine>.Instance);
        var life = new Life(machine, log, engine);
        _emittedBefore = Emitted((_, _) => true);
        try
        {
            await engine.StartAsync(CancellationToken.None);
            Life = life;
            _ = WatchAsync(life);
        }
        catch (UnavailableException) when (faults)
        {
            // A host ends then, and is started again.
            machine.Kill();
        }
        catch (ProcessKilledException)
        {
            // It died while it started; the caller sees a dead machine.
        }

        return life;
    }

    /// <summary>Nothing but a kill may end an engine.</summary>
    private async Task WatchAsync(Life life)
    {
        try
        {
            await life.Engine.Completion;
        }
        catch (Exception exception)
        {
            Require(
                life.Machine.IsDead || (_isStopping && exception is OperationCanceledException), $"the engine ended by itself: {exception}");
        }
    }

    private void Landed(string topic, int partition, LogRecord record)
    {
        _scheduler.Note($"landed {topic}/{partition} {record.Offset} {record.Key}");
        _landedAt[(topic, partition, record.Offset)] = _landed++;
        _reference.Take(topic, partition, record);
        if (topic == Topics.Signals && Reference.ParseMovie(record) is Signal signal)
        {
            var source = signal.Source;
            Tally.Repeats += _signals.Add((source.Epoch, source.Partition, source.Offset)) ? 0 : 1;
            Require(
                source.Offset > _emittedBefore.GetValueOrDefault((source.Epoch, source.Partition, partition), -1),
                "a signal that the log held at the start was emitted again");
        }
        else if (topic == Topics.Rejected)
        {
            var rejected = JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.RejectedInput)!;
            _rejected.Add((rejected.Source, rejected.Line));
        }

        if ((topic == Topics.Interactions && Reference.Parse(record) is null) || (topic == Topics.Signals && Reference.ParseMovie(record) is null))
        {
            _unreadable.Add(($"{topic}/{partition}", record.Offset));
        }
    }

    private Dictionary<(int Epoch, int Partition, int Of), long> Emitted(Func<(int, int, int), long, bool> counts) =>
        (from partition in Log[Topics.Signals].Index()
         from record in partition.Item.Records
         where record is not null
         let signal = Reference.ParseMovie(record.Value) as Signal
         where signal is not null
         let key = (signal.Source.Epoch, signal.Source.Partition, partition.Index)
         where counts(key, signal.Source.Offset)
         group signal.Source.Offset by key).ToDictionary(group => group.Key, group => group.Max());

    /// <summary>A signal of a time before the store was lost.</summary>
    private bool IsOld(MovieRecord record) =>
        record is Signal signal && signal.Source.Epoch < _store.LoadCheckpoint(Topics.Interactions, signal.Source.Partition)?.Epoch;

    private void Compare(SharedModel shared)
    {
        foreach (var (position, interaction) in _acknowledged)
        {
            var record = Log[Topics.Interactions][position.Partition].Records[(int)position.Offset];
            Require(record is null || Reference.Parse(record.Value) is Interaction found && found.Id == interaction.Id, "an acknowledged interaction is not in the log");
        }

        Require(_rejected.IsSupersetOf(_unreadable), "an unreadable record is not in the rejected input");
        var stored = _store.States.Where(state => state.Kind == ActorKind.User).ToDictionary(state => state.Id);
        var users = _reference.AllUsers.ToArray();
        Require(stored.Count == users.Count(user => !user.IsErased), "the store has users that it should not have");
        foreach (var user in users)
        {
            var state = _store.Load(ActorKind.User, user.User);
            Require(state is not null, $"{user.User} is not in the store");
            Require(state!.Version == user.Version, $"{user.User} has version {state.Version} instead of {user.Version}");
            Require(
                user.IsErased ? state.IsTombstone : state.State.Span.SequenceEqual(user.ToBytes()), $"{user.User} differs from a run never killed");
        }

        CompareMovies(shared);
        CompareStatistics();
        FindErased(users.Where(user => user.IsErased).Select(user => user.User));
        Tally.Users += users.Length;
    }

    private void CompareMovies(SharedModel shared)
    {
        var expected = _reference.Movies();
        var stored = _store.States.Where(state => state.Kind == ActorKind.Movie).ToDictionary(state => state.Id);
        foreach (var (id, movie) in expected)
        {
            if (!stored.TryGetValue(id, out var state))
            {
                Require(false, $"{id} is not in the store");
                return;
            }

            var actual = MovieState.FromBytes(id, state.Version, state.State.Span, shared.Index);
            Require(actual.Count == movie.Count, $"{id} counts {actual.Count} interactions instead of {movie.Count}");
            Require(actual.TotalWeight == movie.TotalWeight, $"{id} received weight {actual.TotalWeight} instead of {movie.TotalWeight}");
            Require(
                (actual.Audience.Preference, actual.Audience.LogLength) == (movie.Audience.Preference, movie.Audience.LogLength),
                $"{id} was liked by others, or taken by others, than those who took it");
            Require(actual.FirstSeenSeconds == movie.FirstSeenSeconds, $"{id} was first seen at another time");
            Require(
                shared.View.Count(shared.Index.Handle(id)) == movie.Count,
                $"the view counts {shared.View.Count(shared.Index.Handle(id))} interactions of {id} instead of {movie.Count}");
            for (var i = 0; i < ModelConstants.PopularityDays.Length; i++)
            {
                Require(
                    Math.Abs(actual.Popularity(i) - movie.Popularity(i)) <= 1e-9 * movie.Popularity(i),
                    $"{id} has popularity {actual.Popularity(i):R} instead of {movie.Popularity(i):R}");
            }

            if (_reference.Catalogue.ContainsKey(id))
            {
                var title = movie.Metadata?.Title ?? "none";
                Require((actual.Metadata?.Title ?? "none") == title, $"{id} has the catalogue entry {actual.Metadata?.Title} instead of {title}");
                Require((shared.View.Metadata(id)?.Title ?? "none") == title, $"the view has the entry {shared.View.Metadata(id)?.Title} of {id} instead of {title}");
            }
        }

        // After a rebuild a movie may be there of which the log has only what is too old to count.
        Require(
            stored.Values.All(state => expected.ContainsKey(state.Id)
                || MovieState.FromBytes(state.Id, state.Version, state.State.Span, shared.Index) is { Count: 0, Metadata: null }),
            "the store has movies that it should not have");
        Tally.Movies += expected.Count;
        Tally.Signals += expected.Values.Sum(movie => movie.Count);
    }

    private void CompareStatistics()
    {
        for (var partition = 0; partition < Scenario.Partitions[Topics.Interactions]; partition++)
        {
            var checkpoint = _store.LoadCheckpoint(Topics.Interactions, partition)!;
            Require(checkpoint.Offset == Log[Topics.Interactions][partition].End, "the last checkpoint is not at the end of the log");
            var actual = PartitionStatistics.FromBytes(checkpoint.Statistics.Span);
            var (users, interactions) = _reference.Statistics(partition);

            // Documents that are written one by one may be ahead of the sums beside the checkpoint after a kill; what they hold is not counted again.
            Require(
                Scenario.IsAtomic ? actual.Users == users : actual.Users <= users, $"statistics count {actual.Users} users instead of {users}");
            Require(
                Scenario.IsAtomic ? actual.Interactions == interactions : actual.Interactions <= interactions,
                $"statistics count {actual.Interactions} interactions instead of {interactions}");
        }
    }

    /// <summary>Of a user who was erased and did not come back, nothing is left but the hash in the tombstone.</summary>
    private void FindErased(IEnumerable<string> erased)
    {
        foreach (var user in erased)
        {
            var erasure = _reference.AllUsers.First(u => u.User == user).Version - 1;
            var when = _landedAt[(Topics.Interactions, Partitioner.Partition(user, Log[Topics.Interactions].Length), erasure)];
            Require(
                !Log.Contains(user, (topic, partition, record) => topic == Topics.Interactions ? record.Offset <= erasure : _landedAt[(topic, partition, record.Offset)] < when),
                "the log holds bytes of an erased user");
            Require(!_store.Contains(user), "the store holds bytes of an erased user");
            Tally.Erased++;
        }
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash;
    }

    /// <summary>Marks of a stored blend: format, number of features, 2 + 2 · buckets arrays of doubles, then partition and offset of each mark.</summary>
    private static Dictionary<int, long> Marks(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes[(2 + (8 * 2 * Features.Number * (1 + BlendWeights.Buckets)))..];
        var marks = new Dictionary<int, long>();
        for (var count = Unsigned(ref rest); count > 0; count--)
        {
            marks[(int)Unsigned(ref rest)] = Unsigned(ref rest);
        }

        return marks;

        static long Unsigned(ref ReadOnlySpan<byte> from)
        {
            long value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var b = from[0];
                from = from[1..];
                value |= (long)(b & 0x7F) << shift;
                if (b < 0x80)
                {
                    return value;
                }
            }
        }
    }
}

/// <summary>What happened in a run.</summary>
internal sealed class Tally
{
    public long Records { get; set; }

    public int Kills { get; set; }

    public int Stops { get; set; }

    /// <summary>Stops of a process that had caught up and was given the time.</summary>
    public int Drained { get; set; }

    public int Rebuilds { get; set; }

    public int Trims { get; set; }

    public int Users { get; set; }

    public int Movies { get; set; }

    public int Erased { get; set; }

    public long Signals { get; set; }

    /// <summary>Signals that came into the log once more, because an append failed after it had left a part.</summary>
    public long Repeats { get; set; }
}
