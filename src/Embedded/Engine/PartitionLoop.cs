using Cinegrain.Model.Ports;
using Cinegrain.Model.Events;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Embedded.Engine;

/// <summary>What the loops of one engine have in common.</summary>
internal sealed record LoopServices(ILog Log, IStateStore Store, EngineOptions Options, TimeProvider Time, ILogger Logger, EngineMetrics Metrics)
{
    public Retry Retry { get; } = new((pause, token) => Task.Delay(pause, Time, token), Logger.Unavailable);
}

/// <summary>What is repeated, in the log.</summary>
internal static partial class Refusals
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is not possible now, next attempt in {Seconds} s: {Reason}")]
    public static partial void Unavailable(this ILogger logger, string what, double seconds, string reason);
}

/// <summary>
/// The one loop of a partition: reads its records in order, brings the actors they name into memory, applies them, hands on what they set off, and
/// makes checkpoints. A checkpoint is a barrier (design 4.3): the signals of everything below it are in the log, then the states of all actors that
/// changed are in the store, then the checkpoint is.
/// </summary>
internal abstract class PartitionLoop<TActor, TRecord>
    where TActor : class
    where TRecord : class
{
    private readonly Waiters _applied = new(), _persisted = new();
    private readonly List<(LogRecord Raw, TRecord Parsed)> _batch = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly int _checkpointActors;
    private readonly TimeSpan _checkpointInterval;
    private Task _emission = Task.CompletedTask;
    private Task _checkpointing = Task.CompletedTask;
    private CancellationToken _checkpointEnded;
    private long _lastCheckpoint;

    protected PartitionLoop(
        LoopServices services, string topic, int partition, ActorKind kind, int resident, int checkpointActors, TimeSpan checkpointInterval)
    {
        (Services, Topic, Partition) = (services, topic, partition);
        (_checkpointActors, _checkpointInterval) = (checkpointActors, checkpointInterval);
        Actors = new ActorTable<TActor>(services.Store, kind, resident, Materialise);
    }

    public ActorTable<TActor> Actors { get; }

    public int Partition { get; }

    /// <summary>Everything below it is applied.</summary>
    public long Position => _applied.Reached;

    /// <summary>Everything below it is persisted.</summary>
    public long Checkpointed => _persisted.Reached;

    /// <summary>Records that are in the log and not applied.</summary>
    public long Lag => Math.Max(0, Services.Log.End(Topic, Partition) - Position);

    protected LoopServices Services { get; }

    protected string Topic { get; }

    /// <summary>Counts the rebuilds of the partition from an empty store.</summary>
    public int Epoch { get; private set; }

    /// <summary>True when the store had nothing of the partition at the start.</summary>
    protected bool IsRebuilt { get; private set; }

    /// <summary>Completes once everything below the offset is applied.</summary>
    public Task WaitAsync(long offset, CancellationToken cancellationToken) => _applied.WaitAsync(offset, cancellationToken);

    /// <summary>Completes once what the records below <see cref="Position"/> set off is durable.</summary>
    public Task Emission => Volatile.Read(ref _emission);

    /// <summary>Completes once everything below the offset is persisted.</summary>
    public Task WaitForCheckpointAsync(long offset, CancellationToken cancellationToken) => _persisted.WaitAsync(offset, cancellationToken);

    /// <summary>Reads where the partition stands. An empty store starts a new epoch at the beginning of the log.</summary>
    public virtual async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        var checkpoint = await Services.Store.LoadCheckpointAsync(Topic, Partition, cancellationToken);
        if (checkpoint is null)
        {
            checkpoint = Checkpoint.First(Topic, Partition, Services.Time.GetUtcNow());
            await Services.Store.WriteAsync([], checkpoint, cancellationToken);
            IsRebuilt = true;
        }

        checkpoint.RequireReachedBy(Services.Log.End(Topic, Partition));
        Epoch = checkpoint.Epoch;
        _persisted.Reach(checkpoint.Offset);
        _applied.Reach(checkpoint.Offset);
        Restore(checkpoint);
    }

    /// <summary>
    /// Runs until it is to stop; what has begun by then is finished, unless <paramref name="aborting"/> ends it, too. Throws what no retry mends.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        await Task.Yield();
        _lastCheckpoint = Services.Time.GetTimestamp();
        while (!stopping.IsCancellationRequested)
        {
            await CheckpointIfDueAsync(aborting);
            var end = Services.Log.End(Topic, Partition);
            if (await ReadAsync(stopping) is { } records)
            {
                await ApplyAsync(records, aborting);
                _applied.Reach(records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, Position));
            }
        }

        await _checkpointing;
        if (Position > Checkpointed || IsCheckpointWanted)
        {
            BeginCheckpoint(aborting);
            await _checkpointing;
        }
    }

    protected abstract TActor Materialise(string id, ActorState? state);

    /// <summary>Reads a record; null, with what is wrong, when no actor can take it.</summary>
    protected abstract TRecord? Parse(LogRecord raw, out string problem);

    /// <summary>Applies a record to its actor; the actor's lock is held.</summary>
    protected abstract void Apply(TActor actor, LogRecord raw, TRecord record);

    /// <summary>Starts to hand on what the last batch set off; it is durable when the task ends.</summary>
    protected abstract Task EmitAsync(CancellationToken cancellationToken);

    /// <summary>Called when the records of a batch are applied, before those who wait for them are woken.</summary>
    protected virtual Task AppliedAsync(IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) => Task.CompletedTask;

    protected abstract ActorState Snapshot(TActor actor);

    protected virtual ReadOnlyMemory<byte> Statistics() => ReadOnlyMemory<byte>.Empty;

    protected virtual void Restore(Checkpoint checkpoint)
    {
    }

    /// <summary>Makes a checkpoint durable: the states, then the checkpoint.</summary>
    protected virtual Task PersistAsync(IReadOnlyList<ActorState> states, Checkpoint checkpoint, CancellationToken cancellationToken) =>
        WriteAsync(states, checkpoint, cancellationToken);

    protected Task WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken) =>
        Services.Retry.UntilDoneAsync(
            "writing states", token => Services.Store.WriteAsync(states, checkpoint, token).AsTask(), cancellationToken);

    /// <summary>The next records; null when a checkpoint falls due or ends first, or when the loop is to stop.</summary>
    private async Task<IReadOnlyList<LogRecord>?> ReadAsync(CancellationToken stopping)
    {
        // Another one does not begin before the one that runs has ended.
        var runs = !_checkpointing.IsCompleted;
        var left = _checkpointInterval - Services.Time.GetElapsedTime(_lastCheckpoint);
        using var due = new CancellationTokenSource(
            runs || Position == Checkpointed ? Timeout.InfiniteTimeSpan : left > TimeSpan.Zero ? left : TimeSpan.Zero, Services.Time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(due.Token, runs ? _checkpointEnded : CancellationToken.None, stopping);
        try
        {
            var size = Services.Options.Lockstep ? 1 : Services.Options.BatchSize;
            return await Services.Retry.UntilDoneAsync(
                "reading the log", token => Services.Log.ReadAsync(Topic, Partition, Position, size, token).AsTask(), any.Token);
        }
        catch (OperationCanceledException) when (any.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task ApplyAsync(IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        _batch.Clear();
        _ids.Clear();
        foreach (var raw in records)
        {
            if (Parse(raw, out var problem) is { } parsed)
            {
                _batch.Add((raw, parsed));
                _ids.Add(raw.Key);
            }
            else
            {
                await RejectAsync(raw, problem, cancellationToken);
            }
        }

        await LoadAsync(cancellationToken);
        foreach (var (raw, parsed) in _batch)
        {
            ActorSlot<TActor>? slot;
            while ((slot = Actors.BeginChange(raw.Key)) is null)
            {
                // It was read in between and left again; rare, since it was touched a moment ago.
                await LoadAsync(cancellationToken);
            }

            lock (slot.TurnLock)
            {
                Apply(slot.Actor!, raw, parsed);
            }
        }

        // One emission at a time: the next batch is applied while this one becomes durable.
        await _emission;
        _emission = EmitAsync(cancellationToken);
        if (Services.Options.Lockstep)
        {
            await _emission;
        }

        await AppliedAsync(records, cancellationToken);
    }

    private Task LoadAsync(CancellationToken cancellationToken) => Services.Retry.UntilDoneAsync(
        "loading states", token => Actors.EnsureLoadedAsync(_ids, token).AsTask(), cancellationToken);

    private async Task RejectAsync(LogRecord raw, string problem, CancellationToken cancellationToken)
    {
        Services.Metrics.CountUnreadable(Topic);
        var entry = Rejections.Unreadable(Topic, Partition, raw, problem, Services.Time.GetUtcNow());
        await Services.Retry.UntilDoneAsync(
            "appending a rejected record", token => Services.Log.AppendAsync([entry], token), cancellationToken);
    }

    private async Task CheckpointIfDueAsync(CancellationToken cancellationToken)
    {
        if (_checkpointing is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            // No other may follow it: the states it took are not in the store.
            await _checkpointing;
        }

        var full = Actors.ChangedCount >= _checkpointActors;
        var due = Position > Checkpointed && Services.Time.GetElapsedTime(_lastCheckpoint) >= _checkpointInterval;
        if (!full && !due && !IsCheckpointWanted)
        {
            return;
        }

        if (!_checkpointing.IsCompleted)
        {
            // What has changed is bounded: a partition that runs ahead of its store waits for it.
            if (Actors.ChangedCount < 2 * _checkpointActors)
            {
                return;
            }

            await _checkpointing.WaitAsync(cancellationToken);
        }

        BeginCheckpoint(cancellationToken);
    }

    /// <summary>True when something waits for a checkpoint that is not due yet.</summary>
    protected virtual bool IsCheckpointWanted => false;

    private void BeginCheckpoint(CancellationToken cancellationToken)
    {
        _lastCheckpoint = Services.Time.GetTimestamp();
        var (states, ticket) = Actors.Snapshot(Snapshot);
        _checkpointing = CheckpointAsync(
            states, ticket, new Checkpoint(Topic, Partition, Position, Epoch, Statistics()), _emission, cancellationToken);
        var ended = new CancellationTokenSource();
        _checkpointEnded = ended.Token;
        _ = TellAsync(_checkpointing, ended);

        // Once the task has ended, not at its end: whoever is woken looks at it.
        static async Task TellAsync(Task checkpointing, CancellationTokenSource ended)
        {
            await checkpointing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            ended.Cancel();
            ended.Dispose();
        }
    }

    private async Task CheckpointAsync(
        List<ActorState> states, object ticket, Checkpoint checkpoint, Task emission, CancellationToken cancellationToken)
    {
        var started = Services.Time.GetTimestamp();
        await emission;
        await PersistAsync(states, checkpoint, cancellationToken);
        Actors.Release(ticket);
        _persisted.Reach(checkpoint.Offset);
        Services.Metrics.RecordCheckpoint(Topic, states.Count, Services.Time.GetElapsedTime(started));
    }
}
