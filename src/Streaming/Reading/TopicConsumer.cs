using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Streaming.Reading;

/// <summary>
/// Reads the partitions of a topic that this silo has with one consumer, told by hand what to read from where, and one thread that hands each partition what
/// is its own. A partition that has fetched enough pauses.
/// </summary>
internal sealed partial class TopicConsumer : IDisposable
{
    // How long a change of what is read waits at most for its turn.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // librdkafka: auto.offset.reset=error found no such offset.
    private const int OffsetReset = -140;

    private readonly string _topic;
    private readonly ILogger _logger;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Thread _thread;
    private volatile bool _isStopping;

    // Of the thread alone.
    private readonly Dictionary<int, PartitionInbox> _inboxes = [];

    public TopicConsumer(string topic, ConsumerConfig config, ILogger logger)
    {
        (_topic, _logger) = (topic, logger);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => LogClient("error", error.Reason))
            .SetLogHandler((_, message) => LogClient(message.Facility, message.Message))
            .Build();
        _thread = new Thread(Run) { IsBackground = true, Name = $"streams {topic}" };
        _thread.Start();
    }

    /// <summary>Begins to read a partition, anew when it is being read; an offset below 0 is the partition's first.</summary>
    public void Assign(int partition, long offset, PartitionInbox inbox) => _commands.Enqueue(() =>
    {
        if (_inboxes.Remove(partition))
        {
            _consumer.IncrementalUnassign([Of(partition)]);
        }

        _inboxes[partition] = inbox;
        _consumer.IncrementalAssign([new TopicPartitionOffset(Of(partition), offset < 0 ? Offset.Beginning : offset)]);

        // A partition that was paused stays so when it is assigned anew.
        _consumer.Resume([Of(partition)]);
    });

    /// <summary>Ends reading a partition into an inbox.</summary>
    public void Unassign(int partition, PartitionInbox inbox) => _commands.Enqueue(() =>
    {
        // By then another agent of this silo may read it.
        if (_inboxes.TryGetValue(partition, out var current) && current == inbox)
        {
            _inboxes.Remove(partition);
            _consumer.IncrementalUnassign([Of(partition)]);
        }
    });

    /// <summary>Goes on with a partition that paused.</summary>
    public void Resume(int partition) => _commands.Enqueue(() =>
    {
        if (_inboxes.ContainsKey(partition))
        {
            _consumer.Resume([Of(partition)]);
        }
    });

    /// <summary>First and next offset of a partition, asked of the broker.</summary>
    /// <exception cref="KafkaException">It does not answer.</exception>
    public WatermarkOffsets QueryWatermarks(int partition, TimeSpan timeout) => _consumer.QueryWatermarkOffsets(Of(partition), timeout);

    /// <summary>Next offset of a partition as of the last fetch; below 0 when there was none.</summary>
    public long HighWatermark(int partition) => _isStopping ? -1 : _consumer.GetWatermarkOffsets(Of(partition)).High.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isStopping)
        {
            _isStopping = true;
            _thread.Join();
            _consumer.Dispose();
        }
    }

    private TopicPartition Of(int partition) => new(_topic, partition);

    private void Run()
    {
        while (!_isStopping)
        {
            try
            {
                while (_commands.TryDequeue(out var command))
                {
                    command();
                }

                if (_consumer.Consume(Poll) is { } result)
                {
                    Receive(result);
                }
            }
            catch (ConsumeException exception)
            {
                Fail(exception);
            }
            catch (KafkaException exception)
            {
                LogFailure(exception.Error.Reason);
            }
        }
    }

    private void Receive(ConsumeResult<byte[]?, byte[]?> result)
    {
        if (!_inboxes.TryGetValue(result.Partition.Value, out var inbox))
        {
            return;
        }

        if (result.IsPartitionEOF)
        {
            inbox.EndAt(result.Offset);
        }
        else if (inbox.Add(result))
        {
            _consumer.Pause([Of(result.Partition.Value)]);
        }
    }

    private void Fail(ConsumeException exception)
    {
        if ((int)exception.Error.Code == OffsetReset && _inboxes.TryGetValue(exception.ConsumerRecord.Partition.Value, out var inbox))
        {
            inbox.Fail(exception.Error);
        }
        else
        {
            LogFailure(exception.Error.Reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka client: {Facility}: {Text}")]
    private partial void LogClient(string facility, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading from Kafka failed, and goes on: {Reason}")]
    private partial void LogFailure(string reason);
}
