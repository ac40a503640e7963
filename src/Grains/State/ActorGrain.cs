using Cinegrain.Model.Ports;
using Cinegrain.Streaming;
using Microsoft.Extensions.Logging;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Cinegrain.Grains.State;

/// <summary>
/// An actor that learns from its stream: it is loaded when it is first needed, takes each record once and in order, and persists when a checkpoint of
/// its partition is due. Whoever derives from it says what the actor is.
/// </summary>
internal abstract partial class ActorGrain(SiloServices services, ActorKind kind) : Grain, IStreamSubscriptionObserver, IAsyncObserver<KafkaRecord>
{
    private readonly List<Task> _emissions = [];
    private Task? _loading;
    private long _persisted;
    private (long Version, Task Task) _persisting = (-1, Task.CompletedTask);

    /// <summary>Offset of the last record that was taken, applied or not; -1 when there is none.</summary>
    protected long Position { get; private set; } = -1;

    protected SiloServices Services => services;

    protected string Id { get; private set; } = "";

    /// <summary>Offset of the last record applied, plus one.</summary>
    protected abstract long Version { get; }

    public virtual async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory)
    {
        await LoadedAsync();
        await handleFactory.Create<KafkaRecord>().ResumeAsync(this, new KafkaSequenceToken(Position));
    }

    public virtual async Task OnNextAsync(KafkaRecord item, StreamSequenceToken? token = null)
    {
        if (item.Offset <= Position)
        {
            return;
        }

        // One before it is missing, as when another silo's copy of the actor took it. The next activation begins at what is stored, and the reader has all from there.
        if (item.PreviousOffset > Position)
        {
            services.Metrics.CountGap(item.Topic);
            DeactivateOnIdle();
            throw new InvalidOperationException($"records before {item.Partition}@{item.Offset} are missing and are delivered first");
        }

        Position = item.Offset;
        if (Take(item, new LogRecord(item.Offset, Id, item.Value, item.ArrivedMs)) is { } emission)
        {
            Emit(emission);
            await services.Sender.RoomAsync();
        }
    }

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;

    public async Task<long> PersistAsync(long offset)
    {
        await LoadedAsync();
        if (Position >= offset)
        {
            await PersistAsync();
        }

        return Position;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_loading is { IsCompletedSuccessfully: true })
        {
            try
            {
                await PersistAsync().WaitAsync(cancellationToken);
            }
            catch (Exception exception) when (exception is UnavailableException or OperationCanceledException or TimeoutException)
            {
                // Its checkpoint has not passed, so it learns the rest again wherever it comes back.
                LogNotPersisted(services.Logger, exception.Message);
            }
        }
    }

    /// <summary>Completes once the state is there. A failed attempt is repeated by the next call.</summary>
    protected Task LoadedAsync()
    {
        if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
        {
            _loading = LoadAsync();
        }

        return _loading;
    }

    /// <summary>Takes what the store has of the actor.</summary>
    protected abstract void Materialise(ActorState? state);

    /// <summary>Applies a record; the task of what it emitted, or null.</summary>
    protected abstract Task? Take(KafkaRecord source, LogRecord record);

    protected abstract ActorState Snapshot();

    /// <summary>Adds to what must be in the log before a state is stored.</summary>
    protected void Emit(Task emission)
    {
        // Entries that go out together share a task.
        if (_emissions is not [.., var last] || last != emission)
        {
            _emissions.RemoveAll(static earlier => earlier.IsCompletedSuccessfully);
            _emissions.Add(emission);
        }
    }

    /// <summary>Called before a state is stored.</summary>
    protected virtual Task StoringAsync() => Task.CompletedTask;

    /// <summary>What was taken is persisted: what it emitted is in the log, then the state is in the store.</summary>
    private Task PersistAsync()
    {
        if (Version <= _persisted)
        {
            // A record that was put aside changed nothing, but it must be aside before its reader passes it.
            return EmittedAsync();
        }

        // One who asks again while a slow store has not answered waits for the same answer.
        if (_persisting.Version != Version || _persisting.Task.IsCompleted)
        {
            _persisting = (Version, StoreAsync(Snapshot()));
        }

        return _persisting.Task;
    }

    private async Task StoreAsync(ActorState state)
    {
        await EmittedAsync();
        await StoringAsync();
        await services.States.WriteAsync(state);
        _persisted = Math.Max(_persisted, state.Version);
    }

    private async Task EmittedAsync()
    {
        try
        {
            await Task.WhenAll(_emissions);
        }
        catch (Exception)
        {
            // This activation will never have it in the log. The next one begins at what is stored, learns the rest again and emits it again.
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task LoadAsync()
    {
        Id = this.GetPrimaryKeyString();
        var state = await services.States.LoadAsync(kind, Id);
        Materialise(state);
        _persisted = Version;
        Position = Math.Max(Position, Version - 1);
    }

    /// <summary>Puts a record aside that no actor can take.</summary>
    protected Task Reject(KafkaRecord source, string topic, LogRecord record, string problem)
    {
        services.Metrics.CountUnreadable(topic);
        return services.Sender.SendAsync(Model.Events.Rejections.Unreadable(topic, source.Partition, record, problem, services.Time.GetUtcNow()));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An actor left without persisting: {Reason}")]
    private static partial void LogNotPersisted(ILogger logger, string reason);
}
