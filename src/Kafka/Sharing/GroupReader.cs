using Cinegrain.Kafka.Native;
using Cinegrain.Kafka.Reading;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Kafka.Sharing;

/// <summary>
/// Reads a topic together with other processes: of each partition one of them is the reader, and where it goes on stands in the offsets of their group. A process
/// that dies, or loses a partition while it works, leaves at most one batch that another takes again.
/// </summary>
public sealed partial class GroupReader(KafkaLogOptions options, string topic, int batchSize, ILogger<GroupReader> logger)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200), Pause = TimeSpan.FromSeconds(1);

    // Of the reader's thread alone.
    private readonly List<ConsumeResult<byte[]?, byte[]?>> _batch = [];

    /// <summary>Name of the group.</summary>
    public string Group => $"{ClientSettings.Group(options)}-{topic[(topic.LastIndexOf('.') + 1)..]}";

    /// <summary>Runs until it is to stop, then leaves the group.</summary>
    /// <param name="take">Takes records of a partition, in order; after an <see cref="UnavailableException"/> it gets them again.</param>
    /// <exception cref="KafkaSetupException">The group may not be used.</exception>
    public Task RunAsync(Func<int, IReadOnlyList<LogRecord>, CancellationToken, Task> take, CancellationToken stopping) => Task.Factory.StartNew(
        () => Run(take, stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(Func<int, IReadOnlyList<LogRecord>, CancellationToken, Task> take, CancellationToken stopping)
    {
        NativeLibrdkafka.EnsureLoaded();
        var config = ClientSettings.Common<ConsumerConfig>(options);
        config.GroupId = Group;
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        config.IsolationLevel = IsolationLevel.ReadCommitted;
        config.SessionTimeoutMs = 10_000;
        config.FetchWaitMaxMs = 100;
        config.ConsumeResultFields = "timestamp,topic";
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetLogHandler((_, message) => LogClient(message.Facility, message.Message))
            .SetErrorHandler((_, error) => LogClient("error", error.Reason))
            .SetPartitionsRevokedHandler((_, partitions) => Forget(partitions))
            .SetPartitionsLostHandler((_, partitions) => Forget(partitions))
            .Build();
        consumer.Subscribe(options.PhysicalName(topic));
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                Fill(consumer);
                if (_batch.Count > 0)
                {
                    Take(consumer, take, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was not taken is at or above the group's offsets.
        }
        finally
        {
            _batch.Clear();
            consumer.Close();
        }
    }

    private void Fill(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            for (var wait = Poll; _batch.Count < batchSize && consumer.Consume(wait) is { } result; wait = TimeSpan.Zero)
            {
                _batch.Add(result);
            }
        }
        catch (ConsumeException exception) when (exception.Error.Code is ErrorCode.GroupAuthorizationFailed or ErrorCode.TopicAuthorizationFailed)
        {
            throw new KafkaSetupException($"topic {options.PhysicalName(topic)} cannot be read as group {Group}: {exception.Error.Reason}. Grant Read on both");
        }
        catch (ConsumeException exception)
        {
            // The brokers are away, or the topic is being made; the client tries again by itself.
            LogClient("consume", exception.Error.Reason);
        }
    }

    private void Take(IConsumer<byte[]?, byte[]?> consumer, Func<int, IReadOnlyList<LogRecord>, CancellationToken, Task> take, CancellationToken stopping)
    {
        try
        {
            foreach (var partition in _batch.GroupBy(result => result.Partition.Value))
            {
                take(partition.Key, [.. partition.Select(PartitionScan.ToRecord)], stopping).GetAwaiter().GetResult();
            }

            consumer.Commit(_batch.GroupBy(result => result.TopicPartition).Select(partition => new TopicPartitionOffset(
                partition.Key, partition.Max(result => result.Offset.Value) + 1)));
        }
        catch (UnavailableException exception)
        {
            LogPostponed(exception.Message);
            GoBack(consumer);
            stopping.WaitHandle.WaitOne(Pause);
        }
        catch (KafkaException exception)
        {
            // Another process has the partition now, or will: it takes the batch again, which changes nothing.
            LogClient("commit", exception.Error.Reason);
        }

        _batch.Clear();
    }

    /// <summary>Between two attempts the client must be asked for records, or the group thinks that this process is gone.</summary>
    private void GoBack(IConsumer<byte[]?, byte[]?> consumer)
    {
        foreach (var partition in _batch.GroupBy(result => result.TopicPartition))
        {
            try
            {
                consumer.Seek(new TopicPartitionOffset(partition.Key, partition.Min(result => result.Offset.Value)));
            }
            catch (KafkaException exception)
            {
                // The partition has gone to another process, which begins at the group's offset.
                LogClient("seek", exception.Error.Reason);
            }
        }
    }

    private void Forget(List<TopicPartitionOffset> partitions) =>
        _batch.RemoveAll(result => partitions.Exists(partition => partition.TopicPartition == result.TopicPartition));

    [LoggerMessage(Level = LogLevel.Warning, Message = "A shared topic waits: {Reason}")]
    private partial void LogPostponed(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka: {Facility} {Text}")]
    private partial void LogClient(string facility, string text);
}
