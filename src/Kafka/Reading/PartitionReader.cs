using System.Collections.Concurrent;
using Cinegrain.Kafka.Native;
using Cinegrain.Kafka.Telemetry;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Kafka.Reading;

/// <summary>
/// Reads partitions with one consumer, told by hand what to read from where, and one thread that sorts what arrives into a bounded window for
/// each partition. A window that is full pauses its partition; at half it goes on.
/// </summary>
internal sealed partial class PartitionReader : IAsyncDisposable
{
    // How long a seek of a partition that is being read waits at most for its turn.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger;
    private readonly KafkaMetrics _metrics;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly Dictionary<TopicPartition, PartitionFeed> _feeds;

    // Of the reader's thread alone.
    private readonly HashSet<TopicPartition> _assigned = [];
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;

    public PartitionReader(IReadOnlyCollection<Partition> partitions, string name, KafkaLogOptions options, ILogger logger, KafkaMetrics metrics)
    {
        (_logger, _metrics) = (logger, metrics);
        var config = ClientSettings.Consumer(options);
        config.StatisticsIntervalMs = 5_000;
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetStatisticsHandler((_, json) => metrics.Report(name, json))
            .SetErrorHandler((_, error) => LogClient("error", error.Reason))
            .SetLogHandler((_, message) => LogClient(message.Facility, message.Message))
            .Build();
        _feeds = partitions.ToDictionary(
            partition => partition.Physical, partition => new PartitionFeed(partition, options.PrefetchedRecords, options.PrefetchedBytes));
        _thread = new Thread(Run) { IsBackground = true, Name = "kafka reader" };
        _thread.Start();
    }

    /// <summary>Asks the brokers where a partition ends.</summary>
    /// <exception cref="KafkaException">They do not answer.</exception>
    public WatermarkOffsets QueryWatermarks(Partition partition, TimeSpan timeout) => _consumer.QueryWatermarkOffsets(partition.Physical, timeout);

    /// <summary>Stores offsets of the group, as a copy for tools that show lag.</summary>
    /// <exception cref="KafkaException">They were not stored.</exception>
    public void CommitGroup(IEnumerable<TopicPartitionOffset> offsets) => _consumer.Commit(offsets);

    /// <summary>What was fetched of a partition.</summary>
    public PartitionFeed Feed(Partition partition) => _feeds[partition.Physical];

    /// <summary>As <see cref="ILog.ReadAsync"/>; null when the window does not cover the offset, or no longer does.</summary>
    public async ValueTask<IReadOnlyList<LogRecord>?> TryReadAsync(Partition partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        var feed = _feeds[partition.Physical];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            partition.ThrowIfFailed();
            var grown = partition.NextGrowth();
            var end = partition.End;
            await feed.Turn.WaitAsync(cancellationToken);
            try
            {
                if (!feed.Covers(offset))
                {
                    return null;
                }

                // Also when nothing is there yet: what others append is only seen by fetching.
                if (feed.IsSeeking)
                {
                    await SeekAsync(feed, cancellationToken);
                }

                if (offset < end)
                {
                    return await TakeAsync(feed, offset, end, maximum, cancellationToken);
                }
            }
            finally
            {
                feed.Turn.Release();
            }

            await grown.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _ended.Task;
        foreach (var feed in _feeds.Values)
        {
            feed.Wake();
        }

        _consumer.Dispose();
    }

    /// <summary>In the reader's turn: records, or none when there are none up to the end, or null when the window has moved.</summary>
    private async Task<IReadOnlyList<LogRecord>?> TakeAsync(
        PartitionFeed feed, long offset, long end, int maximum, CancellationToken cancellationToken)
    {
        while (true)
        {
            feed.Partition.ThrowIfFailed();
            var progress = feed.NextProgress();
            if (feed.Take(offset, maximum) is not var (records, frontier, resume))
            {
                return null;
            }

            if (resume)
            {
                // On the thread that pauses, so that the two happen in the order of the decisions.
                _commands.Enqueue(() => Resume(feed));
            }

            if (records.Count > 0)
            {
                return records;
            }

            if (frontier >= end)
            {
                return [];
            }

            await progress.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Has the thread of the reader begin the partition anew: no record of before arrives after.</summary>
    private Task SeekAsync(PartitionFeed feed, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(() =>
        {
            try
            {
                Begin(feed);
                done.TrySetResult();
            }
            catch (KafkaException exception)
            {
                done.TrySetException(new UnavailableException($"{feed.Partition.Physical} cannot be read now: {exception.Error.Reason}", AskAgain, exception));
            }
        });
        if (_stopping)
        {
            done.TrySetException(new ObjectDisposedException(nameof(KafkaLog)));
        }

        return done.Task.WaitAsync(cancellationToken);
    }

    private void Begin(PartitionFeed feed)
    {
        var partition = feed.Partition.Physical;
        if (!_assigned.Add(partition))
        {
            _metrics.Sought(feed.Partition.Topic);
            _consumer.IncrementalUnassign([partition]);
        }

        _consumer.IncrementalAssign([new TopicPartitionOffset(partition, feed.BeginSeek())]);

        // A partition that was paused stays so when it is assigned anew.
        _consumer.Resume([partition]);
    }

    private void Resume(PartitionFeed feed)
    {
        try
        {
            _consumer.Resume([feed.Partition.Physical]);
        }
        catch (KafkaException exception)
        {
            // It is not assigned now; assigning it resumes it.
            LogClient("resume", exception.Error.Reason);
        }
    }

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                while (_commands.TryDequeue(out var command))
                {
                    command();
                }

                Step();
            }
        }
        catch (Exception exception)
        {
            // Nothing is expected here; readers must not wait for ever when it happens all the same.
            LogFailed(exception);
            foreach (var feed in _feeds.Values)
            {
                feed.Partition.Fail(exception);
                feed.Wake();
            }
        }

        _ended.TrySetResult();
    }

    private void Step()
    {
        try
        {
            if (_consumer.Consume(Poll) is not { } result || !_feeds.TryGetValue(result.TopicPartition, out var feed))
            {
                return;
            }

            if (result.IsPartitionEOF)
            {
                var end = result.Offset.Value;
                feed.Advance(end);
                feed.Partition.Raise(end);
                return;
            }

            var pause = feed.Add(PartitionScan.ToRecord(result));
            feed.Partition.Raise(result.Offset.Value + 1);
            if (pause)
            {
                _metrics.Paused(feed.Partition.Topic);
                _consumer.Pause([result.TopicPartition]);
                RaiseToWatermark(feed.Partition);
            }
        }
        catch (ConsumeException exception) when (exception.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange)
        {
            if (exception.ConsumerRecord is { } record && _feeds.TryGetValue(record.TopicPartition, out var feed))
            {
                Recover(feed);
            }
        }
        catch (ConsumeException exception)
        {
            LogClient("consume", exception.Error.Reason);
            if (exception.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition
                && exception.ConsumerRecord is { } record && _feeds.TryGetValue(record.TopicPartition, out var feed))
            {
                Fail(feed, $"topic {feed.Partition.Physical.Topic} is gone from the cluster. Restore it, or start on an empty store");
            }
        }
    }

    /// <summary>What was asked for is not there: it has expired, or this is not the log that it was.</summary>
    private void Recover(PartitionFeed feed)
    {
        var wanted = feed.Frontier;
        WatermarkOffsets marks;
        try
        {
            marks = _consumer.QueryWatermarkOffsets(feed.Partition.Physical, AskAgain);
        }
        catch (KafkaException)
        {
            // The brokers went away in between; the same comes again.
            _consumer.IncrementalUnassign([feed.Partition.Physical]);
            _consumer.IncrementalAssign([new TopicPartitionOffset(feed.Partition.Physical, wanted)]);
            return;
        }

        if (wanted > marks.High.Value)
        {
            Fail(
                feed,
                $"{feed.Partition.Physical.Topic}/{feed.Partition.Number} ends at {marks.High.Value}, but was read up to {wanted}: the topic was made again, or is an "
                + "older copy. Restore log and store from the same backup, or start on an empty store");
            return;
        }

        if (wanted < marks.Low.Value)
        {
            LogExpired(feed.Partition.Topic, feed.Partition.Number, wanted, marks.Low.Value);
        }

        var start = Math.Max(wanted, marks.Low.Value);
        _consumer.IncrementalUnassign([feed.Partition.Physical]);
        feed.Advance(start);
        feed.Partition.Raise(marks.High.Value);
        _consumer.IncrementalAssign([new TopicPartitionOffset(feed.Partition.Physical, start)]);
        if (feed.IsPaused)
        {
            _consumer.Pause([feed.Partition.Physical]);
        }
    }

    private static void Fail(PartitionFeed feed, string reason)
    {
        feed.Partition.Fail(new WrongLogException(reason));
        feed.Wake();
    }

    private void RaiseToWatermark(Partition partition)
    {
        var high = _consumer.GetWatermarkOffsets(partition.Physical).High;
        if (!high.IsSpecial)
        {
            partition.Raise(high.Value);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic}/{Partition}: records {From} to {To} have expired before they were read.")]
    private partial void LogExpired(string topic, int partition, long from, long to);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka: {Facility} {Text}")]
    private partial void LogClient(string facility, string text);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The reader of Kafka ended.")]
    private partial void LogFailed(Exception exception);
}
