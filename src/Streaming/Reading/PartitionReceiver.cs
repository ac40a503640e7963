using Cinegrain.Streaming.Caching;
using Cinegrain.Streaming.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Orleans.Streams;

namespace Cinegrain.Streaming.Reading;

/// <summary>What a receiver needs besides its partition.</summary>
internal sealed record ReceiverServices(
    KafkaStreamOptions Options,
    IKafkaDataAdapter Adapter,
    IKafkaCheckpointer Checkpointer,
    GroupCheckpointer? Copy,
    IKafkaPoisonHandler PoisonHandler,
    TimeProvider Time,
    StreamMetrics Metrics,
    ILogger Logger);

/// <summary>
/// Brings a partition's records into its cache, from the stored position on, and has checkpoints made. All of it but the consumer's thread runs in turns of
/// the partition's agent, so the cache needs no lock.
/// </summary>
#pragma warning disable CA1001 // The sources of cancellation have no timers, so they hold nothing that must be released.
internal sealed partial class PartitionReceiver(PartitionCache cache, TopicConsumer consumer, ReceiverServices services) : IQueueAdapterReceiver
#pragma warning restore CA1001
{
    private const int OrphansPerTick = 100;

    // 20 ms at 100,000 streams.
    private static readonly TimeSpan RestPerStream = TimeSpan.FromMicroseconds(0.2), ShortestRest = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100), MinimumPause = TimeSpan.FromSeconds(1), MaximumPause = TimeSpan.FromSeconds(15);

    private readonly KafkaStreamOptions _options = services.Options;
    private readonly TimeProvider _time = services.Time;
    private readonly ILogger _logger = services.Logger;
    private readonly PartitionInbox _inbox = new(10 * services.Options.PulledRecords, Math.Max(1 << 20, services.Options.CachedBytes / 4));
    private readonly Queue<ConsumeResult<byte[]?, byte[]?>> _pulled = new();
    private readonly CancellationTokenSource _stopping = new(), _deadline = new();
    private Task _running = Task.CompletedTask;
    private Task _copying = Task.CompletedTask;
    private Task? _poison;
    private int _generation;
    private long _lastPull, _lastCheckpoint, _lastOrphans;

    /// <summary>What the metrics show.</summary>
    public PartitionCache Cache => cache;

    /// <summary>True while the partition is not fetched because enough waits.</summary>
    public bool IsPaused => _inbox.IsPaused;

    /// <summary>Records that the partition has and that are not delivered; -1 when it is not known.</summary>
    public long Lag => consumer.HighWatermark(cache.Partition) is >= 0 and var high ? Math.Max(0, high - cache.LastFrontier) : -1;

    /// <inheritdoc/>
    public Task Initialize(TimeSpan timeout)
    {
        services.Metrics.Add(this);
        _running = RunAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount) => GetQueueMessagesAsync(maxCount, CancellationToken.None);

    /// <inheritdoc/>
    public async Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount, CancellationToken cancellationToken)
    {
        // The agent pulls as long as there is something; between two pulls its deliveries get their turn. For each pull it looks at all of its streams, so
        // with many of them it is to pull more at a time.
        var rest = (cache.Streams * RestPerStream) - _time.GetElapsedTime(_lastPull);
        if (rest >= ShortestRest)
        {
            await Task.Delay(rest, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        else
        {
            await Task.Yield();
        }

        if (!cache.HasArrivals && (_poison ?? (_pulled.Count == 0 ? _inbox.ArrivalAsync() : null)) is { } awaited)
        {
            // Without an exception when the time is over.
            await awaited.WaitAsync(_options.ReceiveWait, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        _lastPull = _time.GetTimestamp();
        if (cache.Fill < 1 && !_stopping.IsCancellationRequested)
        {
            Pull(maxCount);
        }

        return cache.TakeArrivals();
    }

    /// <summary>Nothing to do: cursors tell what is delivered.</summary>
    public Task MessagesDeliveredAsync(IList<IBatchContainer> messages) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Shutdown(TimeSpan timeout) => Shutdown(timeout, CancellationToken.None);

    /// <summary>Ends reading, and makes a last checkpoint of what was delivered.</summary>
    public async Task Shutdown(TimeSpan timeout, CancellationToken cancellationToken)
    {
        consumer.Unassign(cache.Partition, _inbox);
        await _stopping.CancelAsync();
        using var giveUp = cancellationToken.Register(_deadline.Cancel);
        using var timer = _time.CreateTimer(_ => _deadline.Cancel(), null, _options.ShutdownTimeout, Timeout.InfiniteTimeSpan);
        await _running;
        if (cache.Frontier() > cache.Checkpoint && !_deadline.IsCancellationRequested)
        {
            await CheckpointAsync();
        }

        await _copying.WaitAsync(_deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        services.Metrics.Remove(this);
        LogEnded(cache.Topic, cache.Partition, cache.Checkpoint);
    }

    private async Task RunAsync()
    {
        try
        {
            var position = await RetryAsync(
                "the stored position", token => services.Checkpointer.LoadAsync(cache.Topic, cache.Partition, token), _stopping.Token);
            _generation = position.Generation;
            cache.Begin(Math.Max(0, position.Offset));
            consumer.Assign(cache.Partition, position.Offset, _inbox);
            LogBegun(cache.Topic, cache.Partition, position.Offset, position.Generation);
            _lastCheckpoint = _lastOrphans = _time.GetTimestamp();
            while (true)
            {
                await Task.Delay(Tick, _time, _stopping.Token);
                try
                {
                    await TickAsync();
                }
#pragma warning disable CA1031 // Without its ticks a partition would have no more checkpoints.
                catch (Exception exception) when (!_stopping.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    LogTickFailed(cache.Topic, cache.Partition, exception);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
    }

    private async Task TickAsync()
    {
        if (_inbox.TakeFailure() is not null)
        {
            consumer.Assign(cache.Partition, await RetryAsync("the bounds of the partition", FindPlaceAsync, _stopping.Token), _inbox);
        }

        if (_time.GetElapsedTime(_lastOrphans) >= MinimumPause)
        {
            _lastOrphans = _time.GetTimestamp();
            if (cache.AnnounceOrphans(OrphansPerTick) is > 0 and var orphans)
            {
                LogOrphans(orphans, cache.Topic, cache.Partition, _options.Topics[cache.Topic]);
            }
        }

        var sinceLast = _time.GetElapsedTime(_lastCheckpoint);
        var due = sinceLast >= _options.CheckpointInterval || cache.ChangedStreams >= _options.CheckpointStreams || cache.Fill >= 0.5;
        if (due && cache.Frontier() > cache.Checkpoint)
        {
            await CheckpointAsync();
        }
    }

    /// <summary>Moves records into the cache until one is poison or enough are pulled.</summary>
    private void Pull(int maximum)
    {
        if (_poison is { IsCompleted: false })
        {
            return;
        }

        _poison = null;
        var end = -1L;
        if (_pulled.Count == 0)
        {
            (end, var resume) = _inbox.Take(maximum, _pulled);
            if (resume)
            {
                consumer.Resume(cache.Partition);
            }
        }

        while (_poison is null && _pulled.TryDequeue(out var record))
        {
            Take(record);
        }

        if (_poison is null)
        {
            cache.PassTo(end);
        }
    }

    private void Take(ConsumeResult<byte[]?, byte[]?> record)
    {
        var offset = record.Offset.Value;
        if (offset < cache.Next)
        {
            return;
        }

        var message = record.Message;
        var source = new KafkaSourceRecord(
            cache.Topic,
            _options.Topics[cache.Topic],
            cache.Partition,
            offset,
            cache.Checkpoint,
            _generation,
            message.Timestamp.UnixTimestampMs,
            message.Key,
            message.Value,
            message.Headers);
        try
        {
            if (services.Adapter.TryGetStream(source, out var stream))
            {
                cache.Add(offset, stream, services.Adapter.ToEvent(source, cache.PreviousOffset(stream)), PartitionInbox.SizeOf(record));
            }
            else
            {
                cache.PassTo(offset + 1);
            }
        }
#pragma warning disable CA1031 // Whatever an adapter throws is about this record.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            cache.PassTo(offset);
            _poison = SetAsideAsync(source, exception);
        }
    }

    private async Task SetAsideAsync(KafkaSourceRecord record, Exception reason)
    {
        services.Metrics.Poisoned(cache.Topic);
        LogPoison(record, reason.GetType().Name);
        try
        {
            cache.PassTo(await RetryAsync("the poison handler", HandleAsync, _stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The partition's next reader meets the record again.
        }

        async Task<long> HandleAsync(CancellationToken cancellationToken)
        {
            await services.PoisonHandler.HandleAsync(record, reason, cancellationToken);
            return record.Offset + 1;
        }
    }

    private async Task CheckpointAsync()
    {
        var offset = cache.Frontier();
        var checkpoint = new KafkaCheckpoint(cache.Topic, cache.Partition, offset, _generation, cache.StreamsBelow(offset));
        var started = _time.GetTimestamp();
        var outcome = CheckpointOutcome.Stored;
        try
        {
            // Not in a turn of the agent, which delivers meanwhile.
            var behind = await Task.Run(() => services.Checkpointer.CheckpointAsync(checkpoint, _deadline.Token), _deadline.Token);
            if (behind.Count == 0)
            {
                cache.Persisted(offset);
                _copying = CopyAsync(checkpoint, _copying);
            }
            else
            {
                outcome = CheckpointOutcome.Behind;
                LogBehind(behind.Count, cache.Topic, cache.Partition);
                foreach (var (stream, last) in behind)
                {
                    cache.Rewind(stream, last);
                }
            }
        }
#pragma warning disable CA1031 // Whatever a checkpointer throws, the next attempt may succeed.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            outcome = CheckpointOutcome.Failed;
            LogCheckpointFailed(cache.Topic, cache.Partition, offset, exception);
            await PauseAsync(MinimumPause);
        }

        _lastCheckpoint = _time.GetTimestamp();
        services.Metrics.Checkpointed(cache.Topic, outcome, _time.GetElapsedTime(started));
    }

    /// <summary>Stores the position as the group's offset, too, for tools that show lag. Nothing reads it, so it may fail.</summary>
    private async Task CopyAsync(KafkaCheckpoint checkpoint, Task before)
    {
        try
        {
            await before;
            await (services.Copy?.CheckpointAsync(checkpoint, _deadline.Token) ?? Task.CompletedTask);
        }
        catch (Exception exception) when (exception is KafkaException or OperationCanceledException)
        {
            LogCopyFailed(cache.Topic, cache.Partition, exception.Message);
        }
    }

    /// <summary>The stored position is not in the partition any more, or not yet.</summary>
    private async Task<long> FindPlaceAsync(CancellationToken cancellationToken)
    {
        var bounds = await Task.Run(() => consumer.QueryWatermarks(cache.Partition, MaximumPause), cancellationToken);
        if (cache.Next > bounds.High)
        {
            LogBeyondEnd(cache.Topic, cache.Partition, cache.Next, bounds.High);
            throw new InvalidOperationException($"{cache.Topic}[{cache.Partition}] ends at {bounds.High}, its stored position is {cache.Next}");
        }

        if (cache.Next < bounds.Low)
        {
            LogLost(cache.Topic, cache.Partition, cache.Next, bounds.Low);
            services.Metrics.Lost(cache.Topic, bounds.Low - cache.Next);
            cache.PassTo(bounds.Low);
        }

        return cache.Next;
    }

    private async Task<T> RetryAsync<T>(string what, Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        for (var pause = MinimumPause; ; pause = pause * 2 < MaximumPause ? pause * 2 : MaximumPause)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return await action(cancellationToken);
            }
#pragma warning disable CA1031 // Nothing but the end of the agent ends the attempts.
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                LogRetry(cache.Topic, cache.Partition, what, pause, exception);
            }

            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    /// <summary>Waits, or less when the agent ends.</summary>
    private Task PauseAsync(TimeSpan pause) => _stopping.IsCancellationRequested ? Task.CompletedTask : Task.Delay(pause, _time, _stopping.Token);

    [LoggerMessage(Level = LogLevel.Information, Message = "Reads {Topic}[{Partition}] from {Offset}, generation {Generation}")]
    private partial void LogBegun(string topic, int partition, long offset, int generation);

    [LoggerMessage(Level = LogLevel.Information, Message = "No longer reads {Topic}[{Partition}]; its checkpoint is {Offset}")]
    private partial void LogEnded(string topic, int partition, long offset);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic}[{Partition}]: {What} failed, next attempt in {Pause}")]
    private partial void LogRetry(string topic, int partition, string what, TimeSpan pause, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Topic}[{Partition}]: an unexpected failure between deliveries; it goes on")]
    private partial void LogTickFailed(string topic, int partition, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Record} is poison ({Reason}) and goes to the poison handler")]
    private partial void LogPoison(KafkaSourceRecord record, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint of {Topic}[{Partition}] at {Offset} failed and is tried again; meanwhile the cache fills")]
    private partial void LogCheckpointFailed(string topic, int partition, long offset, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The copy of the position of {Topic}[{Partition}] was not stored: {Reason}")]
    private partial void LogCopyFailed(string topic, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} streams of {Topic}[{Partition}] lost what they had not persisted; it is delivered again")]
    private partial void LogBehind(int count, string topic, int partition);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} streams of {Topic}[{Partition}] have records that nobody takes, and are tried again: is a grain subscribed implicitly to '{Namespace}'?")]
    private partial void LogOrphans(int count, string topic, int partition, string @namespace);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Topic}[{Partition}] was to be read from {Offset}, but its retention has removed everything below {Low}: goes on there, what is between is lost")]
    private partial void LogLost(string topic, int partition, long offset, long low);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "{Topic}[{Partition}] was to be read from {Offset} but ends at {High}: the topic is not the one of the stored positions. Point the provider at that one, or remove the positions")]
    private partial void LogBeyondEnd(string topic, int partition, long offset, long high);
}
