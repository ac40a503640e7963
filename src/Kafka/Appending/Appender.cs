using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Cinegrain.Kafka.Native;
using Cinegrain.Kafka.Telemetry;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Kafka.Appending;

/// <summary>
/// Hands records to a producer in the order of the calls, and tells each call how it ended. One producer lives until something goes wrong with it:
/// then every append that waits fails, also those of other partitions, and the next append begins with a fresh producer once the old one has gone.
/// So nothing lands behind a record that did not, unless its append failed too.
/// </summary>
internal sealed partial class Appender : IAsyncDisposable
{
    /// <summary>Kafka's default of <c>message.max.bytes</c>, less what a record has besides its key and value.</summary>
    internal const int MaximumRecordBytes = 1_000_000 - 1_024;

    private const string SchemaHeader = "schema", TraceHeader = "traceparent";

    private static readonly byte[] Schema = "1"u8.ToArray();
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly KafkaLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KafkaMetrics _metrics;
    private readonly Lock _gate = new();
    private readonly ITimer _watch;
    private Generation? _current;
    private Task _retiring = Task.CompletedTask;
    private WrongLogException? _wrongLog;
    private long _records, _bytes;
    private bool _isStalled, _disposed;

    public Appender(KafkaLogOptions options, TimeProvider time, ILogger logger, KafkaMetrics metrics)
    {
        (_options, _time, _logger, _metrics) = (options, time, logger, metrics);
        _watch = time.CreateTimer(_ => Watch(), null, WatchPeriod, WatchPeriod);
        metrics.ObserveQueue(() => (Volatile.Read(ref _records), Volatile.Read(ref _bytes)), options);
    }

    /// <summary>Records and bytes that wait for the brokers.</summary>
    public (long Records, long Bytes) Queued => (Volatile.Read(ref _records), Volatile.Read(ref _bytes));

    /// <exception cref="UnavailableException">The queue is full, or the brokers do not answer.</exception>
    /// <exception cref="ArgumentException">A record is too large.</exception>
    /// <exception cref="WrongLogException">The log was replaced while it was open.</exception>
    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, Partition[] partitions)
    {
        var bytes = 0L;
        foreach (var entry in entries)
        {
            var size = entry.Key.Length + entry.Value.Length;
            if (size > MaximumRecordBytes)
            {
                throw new ArgumentException($"a record of {entry.Topic} has {size} bytes; at most {MaximumRecordBytes} fit into one");
            }

            bytes += size + 64;
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(KafkaLog));
            if (_wrongLog is not null)
            {
                throw new WrongLogException(_wrongLog.Message);
            }

            if (_records > 0 && (_records + entries.Count > _options.QueuedRecords || _bytes + bytes > _options.QueuedBytes))
            {
                throw new UnavailableException(
                    $"{_records} records of {_bytes} bytes wait for Kafka already; no more are taken until some are written", TryAgain);
            }

            if (_isStalled)
            {
                throw new UnavailableException("Kafka has not answered for some time; what waits is tried on, more is not taken", TryAgain);
            }

            if (!_retiring.IsCompleted)
            {
                throw new UnavailableException("the connection to Kafka is being made anew", TryAgain);
            }

            var generation = _current ??= new Generation(this);
            var batch = new Batch(generation, entries.Count, bytes, _time.GetTimestamp());
            _records += entries.Count;
            _bytes += bytes;
            generation.Waiting.Enqueue(batch);
            var headers = Headers(Activity.Current is { IdFormat: ActivityIdFormat.W3C, Recorded: true, Id: { } id } ? id : null);
            var lanes = new HashSet<Lane>();
            for (var i = 0; i < entries.Count; i++)
            {
                var (index, entry) = (i, entries[i]);
                var message = new Message<byte[], byte[]?>
                {
                    Key = Encoding.UTF8.GetBytes(entry.Key),
                    Value = entry.Value.IsEmpty ? null : Bytes(entry.Value),
                    Headers = entry.TraceParent is { } trace ? Headers(trace) : headers,
                };
                var lane = generation.LaneOf(partitions[i]);
                lane.Add(message, report => Delivered(lane, batch, index, report.Offset.Value, report.Error));
                lanes.Add(lane);
            }

            foreach (var lane in lanes)
            {
                Release(generation, lane);
            }

            return batch.Completion;
        }
    }

    /// <summary>Waits for what is under way, at most the append time-out; what is not written by then fails.</summary>
    public async ValueTask DisposeAsync()
    {
        Generation? generation;
        Task[] waiting;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            generation = _current;
            waiting = generation is null ? [] : [.. generation.Waiting.Select(batch => (Task)batch.Completion)];
        }

        try
        {
            await Task.WhenAll(waiting);
        }
        catch (UnavailableException)
        {
            // Those who appended were told.
        }

        await _watch.DisposeAsync();
        lock (_gate)
        {
            if (_current is { } last)
            {
                Fail(last, new UnavailableException("the log is closed", TryAgain));
            }
        }

        await _retiring;
    }

    /// <summary>The value as the client wants it: the array itself where it is nothing else, as those from serializers are.</summary>
    private static byte[] Bytes(ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : value.ToArray();

    private static Headers Headers(string? trace)
    {
        var headers = new Headers { { SchemaHeader, Schema } };
        if (trace is not null)
        {
            headers.Add(TraceHeader, Encoding.ASCII.GetBytes(trace));
        }

        return headers;
    }

    private void Delivered(Lane lane, Batch batch, int index, long offset, Error error)
    {
        var partition = lane.Partition;
        if (error.IsError)
        {
            Fail(batch.Generation, Refusal(error, partition));
            return;
        }

        if (offset < 0)
        {
            Fail(batch.Generation, new UnavailableException("Kafka has the record already, but does not say where: it is sent once more", TryAgain));
            return;
        }

        bool complete;
        lock (_gate)
        {
            if (batch.Generation != _current)
            {
                return;
            }

            // Offsets of a partition only grow, unless the topic was deleted and made again.
            if (offset <= lane.LastOffset)
            {
                _wrongLog = new WrongLogException(
                    $"topic {partition.Physical.Topic} was deleted and made again while it was in use: what the store holds does not belong to it. Stop, "
                    + "and start on an empty store to rebuild it from what the log has");
                Fail(batch.Generation, _wrongLog);
                return;
            }

            lane.LastOffset = offset;
            batch.Positions[index] = new LogPosition(partition.Number, offset);
            complete = --batch.Remaining == 0;
            if (complete)
            {
                _records -= batch.Positions.Length;
                _bytes -= batch.Bytes;
                batch.IsDone = true;
                batch.Generation.Trim();
                if (_isStalled)
                {
                    _isStalled = false;
                    LogBack();
                }
            }

            lane.Landed();
            Release(batch.Generation, lane);
        }

        partition.Raise(offset + 1);
        if (complete)
        {
            _metrics.Committed(_time.GetElapsedTime(batch.Since), batch.Positions.Length);
            batch.Succeed();
        }
    }

    private void Release(Generation generation, Lane lane)
    {
        if (generation != _current)
        {
            return;
        }

        try
        {
            lane.Release();
        }
        catch (KafkaException exception)
        {
            // What was handed over already may land, as of any append that fails.
            Fail(generation, new UnavailableException($"Kafka does not take records now: {exception.Error.Reason}", TryAgain, exception));
        }
    }

    private static Exception Refusal(Error error, Partition partition) => error.Code switch
    {
        ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge => new ArgumentException(
            $"a record is larger than topic {partition.Physical.Topic} takes: set its max.message.bytes to {1_048_576} or more"),
        _ => new UnavailableException($"Kafka did not take a record: {error.Reason}", TryAgain, new KafkaException(error)),
    };

    private void Watch()
    {
        lock (_gate)
        {
            if (_current is not { } generation || !generation.Waiting.TryPeek(out var oldest))
            {
                return;
            }

            var age = _time.GetElapsedTime(oldest.Since);
            if (age >= _options.AppendTimeout)
            {
                Fail(generation, new UnavailableException($"Kafka did not answer for {age.TotalSeconds:0} s", TryAgain));
            }
            else if (age >= _options.StallAfter && !_isStalled)
            {
                _isStalled = true;
                LogStalled(age.TotalSeconds);
            }
        }
    }

    /// <summary>Ends a generation: all that waits fails, and its producer goes.</summary>
    private void Fail(Generation generation, Exception exception)
    {
        lock (_gate)
        {
            if (_current != generation)
            {
                return;
            }

            _current = null;
            _isStalled = false;
            _records = _bytes = 0;
            _metrics.Failed();
            if (!_disposed)
            {
                LogFailed(exception.Message, generation.Waiting.Count);
            }

            foreach (var batch in generation.Waiting.Where(batch => !batch.IsDone))
            {
                batch.Fail(exception);
            }

            // Not here: this may be the producer's own thread, which its end waits for.
            _retiring = Task.Run(generation.Producer.Dispose);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka has not answered for {Seconds:0.0} s: new appends are refused until it does.")]
    private partial void LogStalled(double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Kafka answers again.")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Appending failed, {Appends} appends with it: {Reason}")]
    private partial void LogFailed(string reason, int appends);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka: {Facility} {Text}")]
    private partial void LogClient(string facility, string text);

    /// <summary>A producer and what it was given.</summary>
    private sealed class Generation
    {
        private readonly Dictionary<Partition, Lane> _lanes = [];

        public Generation(Appender appender)
        {
            Appender = appender;
            Producer = new ProducerBuilder<byte[], byte[]?>(ClientSettings.Producer(appender._options))
                .SetKeySerializer(Serializers.ByteArray)
                .SetValueSerializer(Serializers.ByteArray!)
                .SetErrorHandler((_, error) =>
                {
                    if (error.IsFatal)
                    {
                        appender.Fail(this, new UnavailableException($"the producer failed: {error.Reason}", TryAgain, new KafkaException(error)));
                    }
                })
                .SetStatisticsHandler((_, json) => appender._metrics.Report("producer", json))
                .SetLogHandler((_, message) => appender.LogClient(message.Facility, message.Message))
                .Build();
        }

        public Appender Appender { get; }

        public IProducer<byte[], byte[]?> Producer { get; }

        /// <summary>Appends under way, the oldest first; those done behind it are still in it.</summary>
        public Queue<Batch> Waiting { get; } = new();

        public Lane LaneOf(Partition partition)
        {
            if (!_lanes.TryGetValue(partition, out var lane))
            {
                _lanes.Add(partition, lane = new Lane(partition, Producer));
            }

            return lane;
        }

        public void Trim()
        {
            while (Waiting.TryPeek(out var oldest) && oldest.IsDone)
            {
                Waiting.Dequeue();
            }
        }
    }

    /// <summary>One append.</summary>
    private sealed class Batch(Generation generation, int count, long bytes, long since)
    {
        private readonly TaskCompletionSource<LogPosition[]> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Generation Generation => generation;

        public long Bytes => bytes;

        public long Since => since;

        public LogPosition[] Positions { get; } = new LogPosition[count];

        public int Remaining { get; set; } = count;

        public bool IsDone { get; set; }

        public Task<LogPosition[]> Completion => _completion.Task;

        public void Succeed() => _completion.TrySetResult(Positions);

        public void Fail(Exception exception)
        {
            _completion.TrySetException(exception);

            // Marks the exception as observed: the caller may have gone.
            _ = _completion.Task.Exception;
        }
    }
}
