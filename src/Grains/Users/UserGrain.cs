using Cinegrain.Grains.State;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;
using Cinegrain.Streaming;
using Orleans.Concurrency;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Cinegrain.Grains.Users;

/// <summary>A user's actor as a grain.</summary>
[ImplicitStreamSubscription(StreamNames.Interactions)]
[KafkaReaderPlacement(StreamNames.Interactions, StreamNames.Interactions)]
internal sealed class UserGrain(SiloServices services) : ActorGrain(services, ActorKind.User), IUserGrain
{
    private static readonly TimeSpan LookAfter = TimeSpan.FromMilliseconds(250);

    private readonly List<(long Position, TaskCompletionSource Waiter)> _waiting = [];
    private UserActor? _actor;
    private long? _erasure;
    private string? _learnedIn;
    private Task _effect = Task.CompletedTask;

    protected override long Version => _actor!.State.Version;

    private long Now => Services.Time.GetUtcNow().ToUnixTimeSeconds();

    public override async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory)
    {
        await base.OnSubscribed(handleFactory);
        Services.Lockstep?.Done(Id, Position);
    }

    public override Task OnNextAsync(KafkaRecord item, StreamSequenceToken? token = null) =>
        Services.Lockstep is { } order ? TakeInTurnAsync(order, item, token) : base.OnNextAsync(item, token);

    public async Task<Immutable<RecommendationList>> RecommendAsync(Immutable<RecommendationQuery> query)
    {
        await LoadedAsync();
        using var span = Tracing.Begin("recommend", _learnedIn);
        return new(_actor!.Recommend(query.Value, Now));
    }

    public async Task<Immutable<UserProfile>?> ProfileAsync()
    {
        await LoadedAsync();
        var profile = Version == 0 ? null : _actor!.State.ToProfile(Services.Shared.View.Title);
        return profile is null or { Learning: true, Interactions: 0, Movies: 0 } ? null : new(profile);
    }

    public async Task<bool> WaitForAsync(long version, TimeSpan limit)
    {
        await LoadedAsync();
        if (await ReachAsync(version - 1, limit < LookAfter ? limit : LookAfter))
        {
            return true;
        }

        // The position of a write that others share: which record of it is the last of this user stands in the log.
        var partition = Partitioner.Partition(Id, Services.Log.PartitionCount(Topics.Interactions));
        var from = (await Services.Store.LoadCheckpointAsync(Topics.Interactions, partition, CancellationToken.None))?.Offset ?? 0;
        await Services.Log.AskEndAsync(Topics.Interactions, partition, CancellationToken.None);
        var last = -1L;
        await foreach (var record in Services.Log.ScanAsync(Topics.Interactions, partition, Math.Max(from, Position + 1), version, CancellationToken.None))
        {
            last = record.Key == Id ? record.Offset : last;
        }

        return await ReachAsync(last, limit);
    }

    public async Task WaitForChangeAsync(long version, TimeSpan limit)
    {
        await LoadedAsync();
        await ReachAsync(version, limit);
    }

    protected override void Materialise(ActorState? state) => _actor = new UserActor(
        state is null ? new UserState(Id, Services.Shared.Index)
            : state.IsTombstone ? UserState.Erased(Id, state.Version, Services.Shared.Index)
            : UserState.FromBytes(Id, state.Version, state.State.Span, Services.Shared.Index),
        Services.Shared);

    protected override Task? Take(KafkaRecord source, LogRecord record)
    {
        if (LogRecords.ParseUser(record, out var problem) is not { } parsed)
        {
            return Reject(source, Topics.Interactions, record, problem);
        }

        using var span = Tracing.Continue("learn user", source);
        var trace = span?.Id ?? source.TraceParent;
        _learnedIn = trace;
        var isNew = Services.Lockstep is not null || source.ArrivedMs >= Services.StartedMs;
        var test = isNew && parsed is Interaction { Preference: > 0 } && Services.Tests.TryTake(Id, Services.Time.GetElapsedTime(0));
        var isFirst = Version == 0;
        var effects = _actor!.Apply(new UserPartition(source.Partition, source.Generation, source.Checkpoint), source.Offset, parsed, test);
        if (parsed is Erasure)
        {
            _erasure = source.Offset;
        }

        if (effects.Example is { } example)
        {
            var step = new Immutable<TrainingStep>(TrainingSteps.Of(example, Services.Shared.Index));
            var blend = GrainFactory.GetGrain<IBlendGrain>(0);
            _ = Services.Lockstep is null ? blend.LearnAsync(step) : (_effect = blend.LearnAtOnceAsync(step));
        }

        if (effects.Test is { } outcome)
        {
            Services.Metrics.CountTest(outcome);
        }

        Services.Metrics.CountApplied(Topics.Interactions);
        Services.Statistics.Count(parsed, source.ArrivedMs, isFirst, effects.Test);
        if (isNew)
        {
            var freshness = Math.Max(0, Services.Time.GetUtcNow().ToUnixTimeMilliseconds() - source.ArrivedMs);
            Services.Metrics.RecordFreshness(freshness);
            Services.Statistics.Freshness.Add(freshness);
        }

        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Position <= source.Offset)
            {
                _waiting[i].Waiter.TrySetResult();
                _waiting.RemoveAt(i);
            }
        }

        if (Services.Lockstep is { } order && effects.Signal is not null)
        {
            _effect = Task.WhenAll(_effect, order.LearnedAsync(source.Offset));
        }

        return effects.Signal is { } signal
            ? Services.Sender.SendAsync(new LogEntry(Topics.Signals, signal.Movie, LogRecords.ToBytes(signal)) { TraceParent = trace })
            : null;
    }

    protected override ActorState Snapshot() => new(
        ActorKind.User, Id, Version, _actor!.State.IsErased ? ReadOnlyMemory<byte>.Empty : _actor.State.ToBytes());

    /// <summary>
    /// What the log holds of an erased user is passed over before the tombstone is stored. The erasure itself is not: a crash in between, or a store that is
    /// rebuilt, finds it again, and so does the reader that makes documents.
    /// </summary>
    protected override async Task StoringAsync()
    {
        if (_erasure is { } offset)
        {
            await Services.Log.EraseUserAsync(Id, offset, CancellationToken.None);
            _erasure = _erasure == offset ? null : _erasure;
        }
    }

    /// <summary>Takes a record when all before it have had their effect, and is done when it has had its own.</summary>
    private async Task TakeInTurnAsync(LockstepOrder order, KafkaRecord item, StreamSequenceToken? token)
    {
        await order.TurnAsync(item.Offset);
        _effect = Task.CompletedTask;
        await base.OnNextAsync(item, token);
        await _effect;
        order.Done(Id, item.Offset);
    }

    /// <summary>Waits until a record at or above a position was taken; false when the limit passes first.</summary>
    private async Task<bool> ReachAsync(long position, TimeSpan limit)
    {
        if (Position >= position)
        {
            return true;
        }

        var waiter = (position, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Add(waiter);
        try
        {
            await waiter.Item2.Task.WaitAsync(limit, Services.Time);
            return true;
        }
        catch (TimeoutException)
        {
            _waiting.Remove(waiter);
            return false;
        }
    }
}
