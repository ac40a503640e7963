using System.Globalization;
using System.Text;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;

namespace Cinegrain.Embedded.Engine;

/// <summary>The users of one partition of <see cref="Topics.Interactions"/>.</summary>
internal sealed class UserLoop : PartitionLoop<UserActor, UserRecord>
{
    private readonly SharedModel _shared;
    private readonly TestBudget _tests;
    private readonly BlendOwner _blend;
    private readonly Func<IReadOnlyList<LogPosition>, CancellationToken, Task> _whenLearned;
    private readonly ChangeSignals _changes;
    private readonly Lock _statisticsLock = new();
    private readonly List<(string User, long Offset)> _erasures = [];
    private readonly IErasableLog? _erasable;
    private readonly long _startedMs;
    private long _testedFrom;
    private long _erasuresVersion;
    private PartitionStatistics _statistics = new();
    private List<LogEntry> _signals = [];
    private Task<LogPosition[]> _signalled = Task.FromResult(Array.Empty<LogPosition>());

    /// <param name="whenLearned">Completes when the movies have learned the signals at the given positions; used in lockstep.</param>
    public UserLoop(
        LoopServices services,
        int partition,
        int partitions,
        SharedModel shared,
        TestBudget tests,
        BlendOwner blend,
        ChangeSignals changes,
        Func<IReadOnlyList<LogPosition>, CancellationToken, Task> whenLearned)
        : base(
            services,
            Topics.Interactions,
            partition,
            ActorKind.User,
            Math.Max(1, services.Options.ResidentUsers / partitions),
            services.Options.CheckpointUsers,
            services.Options.CheckpointInterval)
    {
        (_shared, _tests, _blend, _changes, _whenLearned) = (shared, tests, blend, changes, whenLearned);
        _erasable = services.Log as IErasableLog;
        _startedMs = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    /// <summary>Signals that lives before left in the log; set before the loop runs.</summary>
    public EmittedSignals EmittedBefore { get; set; } = EmittedSignals.None;

    /// <summary>Reads the sums of the partition while they do not change.</summary>
    public void ReadStatistics(Action<PartitionStatistics> read)
    {
        lock (_statisticsLock)
        {
            read(_statistics);
        }
    }

    protected override bool IsCheckpointWanted => _erasures.Count > 0;

    protected override UserActor Materialise(string id, ActorState? state) => new(
        state is null ? new UserState(id, _shared.Index)
            : state.IsTombstone ? UserState.Erased(id, state.Version, _shared.Index)
            : UserState.FromBytes(id, state.Version, state.State.Span, _shared.Index),
        _shared);

    protected override UserRecord? Parse(LogRecord raw, out string problem) => LogRecords.ParseUser(raw, out problem);

    protected override void Apply(UserActor actor, LogRecord raw, UserRecord record)
    {
        var isNew = actor.State.Version == 0;
        var test = record is Interaction { Preference: > 0 } && raw.Offset >= _testedFrom && _tests.TryTake(actor.State.User, Services.Time.GetElapsedTime(0));
        var effects = actor.Apply(new UserPartition(Partition, Epoch, Checkpointed), raw.Offset, record, test);
        if (effects.Signal is { } signal && !EmittedBefore.Contains(Partition, signal))
        {
            _signals.Add(new LogEntry(Topics.Signals, signal.Movie, LogRecords.ToBytes(signal)));
        }

        if (effects.Example is { } example)
        {
            _blend.Take(example);
        }

        if (record is Erasure)
        {
            lock (_erasures)
            {
                _erasures.Add((record.User, raw.Offset));
            }
        }

        // The sums are as of the checkpoint, so a record counts that a state which is ahead of the checkpoint has already.
        lock (_statisticsLock)
        {
            if (isNew)
            {
                _statistics.CountUser();
            }

            if (record is Interaction interaction)
            {
                _statistics.Count(interaction, raw.ArrivedMs);
            }

            if (effects.Test is { } outcome)
            {
                _statistics.Count(outcome, raw.ArrivedMs);
                Services.Metrics.CountTest(outcome);
            }
        }
    }

    protected override Task EmitAsync(CancellationToken cancellationToken)
    {
        if (_signals.Count == 0)
        {
            return Task.CompletedTask;
        }

        var signals = _signals;
        _signals = [];
        return _signalled = Services.Retry.UntilDoneAsync(
            "appending signals", token => Services.Log.AppendAsync(signals, token), cancellationToken);
    }

    protected override async Task AppliedAsync(IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        Services.Metrics.CountApplied(Topic, records.Count);
        var now = Services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var record in records)
        {
            // What was in the log before the start says how long the process was away, not how fast it is.
            if (record.ArrivedMs >= _startedMs)
            {
                Services.Metrics.RecordFreshness(Math.Max(0, now - record.ArrivedMs));
            }
        }

        if (Services.Options.Lockstep)
        {
            await _whenLearned(await _signalled, cancellationToken);
            _signalled = Task.FromResult(Array.Empty<LogPosition>());
        }

        foreach (var record in records)
        {
            _changes.Raise(record.Key);
        }
    }

    protected override ActorState Snapshot(UserActor actor) => new(
        ActorKind.User, actor.State.User, actor.State.Version, actor.State.IsErased ? ReadOnlyMemory<byte>.Empty : actor.State.ToBytes());

    protected override ReadOnlyMemory<byte> Statistics()
    {
        lock (_statisticsLock)
        {
            return _statistics.ToBytes();
        }
    }

    protected override void Restore(Checkpoint checkpoint)
    {
        lock (_statisticsLock)
        {
            _statistics = PartitionStatistics.FromBytes(checkpoint.Statistics.Span);
        }
    }

    /// <inheritdoc/>
    public override async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        await base.InitialiseAsync(cancellationToken);

        // What a life before learned and did not persist is no test: the movies know of it already. A rebuild begins with movies that know nothing.
        _testedFrom = IsRebuilt || Services.Options.Lockstep ? 0 : Services.Log.End(Topic, Partition);
        var stored = await Services.Store.LoadAsync(ActorKind.Singleton, [ErasuresId], cancellationToken);
        if (stored[0] is { } state)
        {
            _erasuresVersion = state.Version;
            _erasures.AddRange(ReadErasures(state.State.Span));
        }
    }

    /// <summary>
    /// What the log holds of erased users is removed after their tombstones are stored. Whom it is still to be removed of stands in the store from
    /// the checkpoint that passes the erasure on, so a crash in between goes on with it.
    /// </summary>
    protected override async Task PersistAsync(IReadOnlyList<ActorState> states, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        (string User, long Offset)[] erasures;
        lock (_erasures)
        {
            erasures = [.. _erasures.Where(erasure => erasure.Offset < checkpoint.Offset).Distinct()];
            _erasures.RemoveAll(erasure => erasure.Offset < checkpoint.Offset);
        }

        if (erasures.Length == 0 || _erasable is null)
        {
            await base.PersistAsync(states, checkpoint, cancellationToken);
            return;
        }

        await WriteAsync([.. states, DescribeErasures(erasures)], checkpoint, cancellationToken);
        foreach (var (user, offset) in erasures)
        {
            await Services.Retry.UntilDoneAsync(
                "erasing records of the log", token => _erasable.EraseUserAsync(user, offset + 1, token), cancellationToken);
        }

        await WriteAsync([DescribeErasures([])], null, cancellationToken);
    }

    private string ErasuresId => $"erasures/{Partition}";

    // A line for each: offset of the erasure, pseudonym. No line is a tombstone.
    private ActorState DescribeErasures((string User, long Offset)[] erasures) => new(
        ActorKind.Singleton,
        ErasuresId,
        ++_erasuresVersion,
        Encoding.UTF8.GetBytes(string.Concat(erasures.Select(erasure => $"{erasure.Offset} {erasure.User}\n"))));

    private static IEnumerable<(string User, long Offset)> ReadErasures(ReadOnlySpan<byte> state) =>
        from line in Encoding.UTF8.GetString(state).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        let space = line.IndexOf(' ', StringComparison.Ordinal)
        select (line[(space + 1)..], long.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture));
}
