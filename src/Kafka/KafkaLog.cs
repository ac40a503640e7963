using System.Runtime.CompilerServices;
using Cinegrain.Kafka.Appending;
using Cinegrain.Kafka.Erasing;
using Cinegrain.Kafka.Native;
using Cinegrain.Kafka.Reading;
using Cinegrain.Kafka.Setup;
using Cinegrain.Kafka.Telemetry;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Partitioner = Cinegrain.Model.Ports.Partitioner;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Kafka;

/// <summary>
/// The log on Apache Kafka: an idempotent producer that waits for all replicas, and one consumer that is told by hand what to read. The partition of
/// a key is that of <see cref="Partitioner"/>, not of Kafka's own partitioner, so the same user has the same partition on every log.
/// </summary>
public sealed class KafkaLog : IScannableLog, IAsyncDisposable
{

    private readonly KafkaLogOptions _options;
    private readonly Dictionary<string, Partition[]> _topics;
    private readonly KafkaMetrics _metrics;
    private readonly Appender _appender;
    private readonly ReaderLanes _reader;
    private readonly ErasureRegister _erased;

    private KafkaLog(KafkaLogOptions options, Dictionary<string, Partition[]> topics, string identity, TimeProvider time, ILogger logger)
    {
        (_options, _topics, Identity) = (options, topics, identity);
        _metrics = new KafkaMetrics();
        _erased = new ErasureRegister(topics[Topics.Interactions].Length);
        _appender = new Appender(options, time, logger, _metrics);
        _reader = new ReaderLanes([.. topics.Values.SelectMany(partitions => partitions)], options, logger, _metrics);
    }

    /// <inheritdoc/>
    public string Identity { get; }

    /// <summary>Records and bytes that wait for the brokers.</summary>
    public (long Records, long Bytes) Queued => _appender.Queued;

    /// <summary>Finds librdkafka, for programs that use the client before they open a log.</summary>
    /// <exception cref="KafkaSetupException">It is not on this machine; the message names what to install.</exception>
    public static void LoadClient() => NativeLibrdkafka.EnsureLoaded();

    /// <summary>Opens the log: makes the topics that are missing, checks the others, and asks where each partition ends.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="KafkaSetupException">A topic is not as it must be, cannot be made, or librdkafka is missing.</exception>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public static async Task<KafkaLog> OpenAsync(KafkaLogOptions options, TimeProvider time, ILogger<KafkaLog>? logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        NativeLibrdkafka.EnsureLoaded();
        ILogger log = logger ?? NullLogger<KafkaLog>.Instance;
        try
        {
            // A refused password or certificate is told by the client alone; a request only times out.
            string? trouble = null;
            using var admin = new AdminClientBuilder(ClientSettings.Common<AdminClientConfig>(options))
                .SetLogHandler((_, _) => { })
                .SetErrorHandler((_, error) => trouble = error.Code is ErrorCode.Local_AllBrokersDown ? trouble ?? error.Reason : error.Reason)
                .Build();
            var (counts, identity) = await new TopicSetup(admin, options, () => trouble, time, log).RunAsync(new LogIdentity(options), cancellationToken);
            var topics = counts.ToDictionary(
                topic => topic.Key,
                topic => Enumerable.Range(0, topic.Value).Select(number => new Partition(topic.Key, options.PhysicalName(topic.Key), number)).ToArray());
            var opened = new KafkaLog(options, topics, identity, time, log);
            try
            {
                var firsts = await opened.LoadEndsAsync(time, cancellationToken);
                await opened.LoadErasuresAsync(firsts, cancellationToken);
                return opened;
            }
            catch
            {
                await opened.DisposeAsync();
                throw;
            }
        }
        catch (KafkaException exception)
        {
            throw new UnavailableException($"Kafka at {options.Bootstrap} does not answer: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception);
        }
    }

    /// <inheritdoc/>
    public int PartitionCount(string topic) => PartitionsOf(topic).Length;

    /// <inheritdoc/>
    public long End(string topic, int partition) => PartitionOf(topic, partition).End;

    /// <inheritdoc/>
    /// <remarks>
    /// A token that is cancelled later than the call does not end the append, since what was sent cannot be called back. An append that fails may have
    /// landed in part, or as a whole, when the brokers went away before they answered. All appends that wait fail with it.
    /// </remarks>
    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<LogPosition[]>(cancellationToken);
        }

        if (entries.Count == 0)
        {
            return Task.FromResult(Array.Empty<LogPosition>());
        }

        try
        {
            var partitions = new Partition[entries.Count];
            for (var i = 0; i < partitions.Length; i++)
            {
                var all = PartitionsOf(entries[i].Topic);
                partitions[i] = all[all.Length == 1 ? 0 : Partitioner.Partition(entries[i].Key, all.Length)];
            }

            return _appender.AppendAsync(entries, partitions);
        }
        catch (Exception exception)
        {
            return Task.FromException<LogPosition[]>(exception);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Interactions of erased users are passed over as if they had expired.</remarks>
    /// <exception cref="WrongLogException">The topic was deleted, made again, or is an older copy.</exception>
    public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        var stream = PartitionOf(topic, partition);
        return topic != Topics.Interactions || _erased.IsEmpty(partition)
            ? _reader.ReadAsync(stream, offset, maximum, cancellationToken)
            : ReadUnerasedAsync(stream, offset, maximum, cancellationToken);
    }

    /// <summary>
    /// Reads a part of a partition once, beside the readers that follow it; interactions of erased users are passed over. What is not there is passed over, too.
    /// </summary>
    /// <param name="topic">Topic.</param>
    /// <param name="partition">Partition.</param>
    /// <param name="from">First offset.</param>
    /// <param name="until">Offset to stop below.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public async IAsyncEnumerable<LogRecord> ScanAsync(
        string topic, int partition, long from, long until, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = PartitionOf(topic, partition);
        await foreach (var record in PartitionScan.ReadAsync(stream, from, Math.Min(until, stream.End), _options, cancellationToken))
        {
            if (topic != Topics.Interactions || !_erased.IsErased(partition, record))
            {
                yield return record;
            }
        }
    }

    /// <summary>
    /// Has every reader pass over a user's interactions below an offset, from now on and after any restart. Kafka removes them at their retention.
    /// </summary>
    /// <exception cref="UnavailableException">Not now; try again.</exception>
    public async Task EraseUserAsync(string pseudonym, long below, CancellationToken cancellationToken)
    {
        await AppendAsync([_erased.Entry(pseudonym, below)], cancellationToken);
        _erased.Add(pseudonym, below);
    }

    /// <inheritdoc/>
    public async Task<long> AskEndAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        var stream = PartitionOf(topic, partition);
        try
        {
            var marks = await Task.Run(() => _reader.First.QueryWatermarks(stream, _options.OpenTimeout), cancellationToken);
            stream.Raise(marks.High.Value);
            return stream.End;
        }
        catch (KafkaException exception)
        {
            throw new UnavailableException($"the end of topic {topic} is not known: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception);
        }
    }

    /// <inheritdoc/>
    public bool IsErased(int partition, string pseudonym, long offset) => !_erased.IsEmpty(partition) && _erased.IsErased(partition, pseudonym, offset);

    /// <inheritdoc/>
    /// <exception cref="KafkaSetupException">It cannot be read, so nobody knows whom it is to keep out.</exception>
    public void TakeErasure(LogRecord record) => _erased.Read(record);

    /// <summary>Stores positions as the offsets of the log's group: a copy for tools that show lag, which nothing of this program reads.</summary>
    /// <exception cref="UnavailableException">They were not stored.</exception>
    public async Task CopyPositionsAsync(IReadOnlyList<(string Topic, int Partition, long Offset)> positions, CancellationToken cancellationToken)
    {
        var offsets = positions.Select(position => new TopicPartitionOffset(PartitionOf(position.Topic, position.Partition).Physical, position.Offset)).ToList();
        try
        {
            await Task.Run(() => _reader.First.CommitGroup(offsets), cancellationToken);
        }
        catch (KafkaException exception)
        {
            throw new UnavailableException($"the group's offsets were not stored: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception);
        }
    }

    /// <summary>Writes what waits, for at most the append time-out, then closes. Reads that wait end with <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _appender.DisposeAsync();
        foreach (var partition in _topics.Values.SelectMany(partitions => partitions))
        {
            partition.Fail(new ObjectDisposedException(nameof(KafkaLog)));
        }

        await _reader.DisposeAsync();
        _metrics.Dispose();
    }

    private async ValueTask<IReadOnlyList<LogRecord>> ReadUnerasedAsync(Partition partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        var end = partition.End;
        while (true)
        {
            var records = await _reader.ReadAsync(partition, offset, maximum, cancellationToken);
            var left = records.Where(record => !_erased.IsErased(partition.Number, record)).ToList();
            if (left.Count > 0 || records.Count == 0)
            {
                return left;
            }

            // An empty answer says that there is nothing up to the end that the caller saw.
            offset = records[^1].Offset + 1;
            if (offset >= end)
            {
                return [];
            }
        }
    }

    /// <summary>Times that a reader left the sequence of its partition.</summary>
    internal long Seeks => _metrics.Seeks;

    /// <summary>Records of a partition that are fetched ahead of their reader.</summary>
    internal int Prefetched(string topic, int partition) => _reader.Ahead(PartitionOf(topic, partition));

    /// <summary>First offset of each partition of interactions.</summary>
    private async Task<long[]> LoadEndsAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var marks = await Task.WhenAll(_topics.Values.SelectMany(partitions => partitions).Select(partition => Task.Run(
            async () => (Partition: partition, Marks: await LoadEndAsync(partition, time, cancellationToken)), cancellationToken)));
        return [.. marks.Where(mark => mark.Partition.Topic == Topics.Interactions).OrderBy(mark => mark.Partition.Number).Select(mark => mark.Marks.Low.Value)];
    }

    private async Task<WatermarkOffsets> LoadEndAsync(Partition partition, TimeProvider time, CancellationToken cancellationToken)
    {
        var marks = await Settling.AskAsync(
            () => _reader.First.QueryWatermarks(partition, _options.OpenTimeout), _options.OpenTimeout, time, cancellationToken);
        partition.Raise(marks.High.Value);
        return marks;
    }

    /// <summary>Reads who is erased, and forgets those whose last record has expired.</summary>
    private async Task LoadErasuresAsync(long[] firsts, CancellationToken cancellationToken)
    {
        var register = _topics[Topics.Erasures][0];
        await foreach (var record in PartitionScan.ReadAsync(register, 0, register.End, _options, cancellationToken))
        {
            _erased.Read(record);
        }

        var expired = firsts.SelectMany((first, partition) => _erased.Expired(partition, first))
            .Select(key => new LogEntry(Topics.Erasures, key, ReadOnlyMemory<byte>.Empty)).ToList();
        await AppendAsync(expired, cancellationToken);
    }

    private Partition[] PartitionsOf(string topic) => _topics.TryGetValue(topic, out var partitions)
        ? partitions
        : throw new ArgumentException($"there is no topic {topic}; the topics are {string.Join(", ", _topics.Keys)}", nameof(topic));

    private Partition PartitionOf(string topic, int partition)
    {
        var partitions = PartitionsOf(topic);
        return partition >= 0 && partition < partitions.Length
            ? partitions[partition]
            : throw new ArgumentOutOfRangeException(nameof(partition), partition, $"topic {topic} has partitions 0 to {partitions.Length - 1}");
    }
}
