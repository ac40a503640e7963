using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// Documents made from the records of one topic by a reader of its own: it holds up nobody, needs no queue, and after a crash goes on from its own
/// checkpoints. Ids come from the records, so what is written twice is there once.
/// </summary>
public abstract partial class LogDocuments : IDisposable
{
    private const int ReadAtOnce = 2_000;
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly ElasticsearchClient _client;
    private readonly ILog _log;
    private readonly ILogger _logger;
    private readonly BulkWriter _bulk;
    private readonly Meter _meter = new("Cinegrain");
    private readonly Partition[] _partitions;

    private protected LogDocuments(ElasticsearchClient client, ILog log, IStateStore store, string topic, string series, ILogger logger)
    {
        (_client, _log, Store, Topic, _logger) = (client, log, store, topic, logger);
        Series = new TimeSeries(client, series, isMonthly: false);
        _bulk = new BulkWriter(client);
        _partitions = [.. Enumerable.Range(0, log.PartitionCount(topic)).Select(number => new Partition(number))];
        _meter.CreateObservableGauge(
            "cinegrain.documents.lag",
            () => _partitions.Select(partition => new Measurement<long>(
                partition.Runs ? Math.Max(0, log.End(topic, partition.Number) - partition.Position) : 0,
                new KeyValuePair<string, object?>("topic", topic),
                new("partition", partition.Number))),
            "{record}",
            "Records in the log that have no document yet, by topic and partition.");
    }

    private protected TimeSeries Series { get; }

    private protected IStateStore Store { get; }

    private protected string Topic { get; }

    /// <summary>What the position of the reader of a topic is stored under, as the topic of a <see cref="Checkpoint"/>.</summary>
    public static string PositionOf(string topic) => $"documents/{topic}";

    /// <summary>Runs until it is to stop.</summary>
    /// <exception cref="StoreTakenException">Another process has taken the indices over.</exception>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(_partitions.Select(partition => RunAsync(partition, stopping)));

    /// <summary>Completes when the records of a partition below an offset have their documents, and at once when no reader runs.</summary>
    public async Task WaitAsync(int partition, long offset, CancellationToken cancellationToken)
    {
        var waited = _partitions[partition];
        while (waited.Runs)
        {
            var changed = waited.Changed;
            if (waited.Position >= offset || !waited.Runs)
            {
                return;
            }

            waited.Hurry();
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Deletes the indices whose every document arrived before a time.</summary>
    /// <exception cref="UnavailableException">Not now.</exception>
    public async Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            await Series.TrimAsync(before, cancellationToken);
        }
        catch (ElasticsearchException exception)
        {
            throw exception.ForCaller();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bulk.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads what is to be known before the first record of a partition.</summary>
    private protected virtual Task InitialiseAsync(int partition, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Adds the document of a record, if it has one.</summary>
    /// <returns>True when what was added has to be written, and <see cref="SettleAsync"/> called, before the next record.</returns>
    private protected abstract bool Add(int partition, LogRecord record, BulkBatch batch);

    /// <summary>Called when everything up to a record that asked for it is written.</summary>
    private protected virtual Task SettleAsync(int partition, LogRecord record, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Keeps the reader of a partition from writing while it is held.</summary>
    private protected async Task<IDisposable> HoldAsync(int partition, CancellationToken cancellationToken)
    {
        await _partitions[partition].Gate.WaitAsync(cancellationToken);
        return new Hold(_partitions[partition].Gate);
    }

    /// <summary>Repeats what Elasticsearch refuses for now, or until an operator has acted, until it succeeds.</summary>
    private protected async Task UntilDoneAsync(string what, Func<Task> attempt, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception exception) when (exception is ElasticsearchException or UnavailableException)
            {
                LogPostponed(what, exception.Message);
            }

            await Task.Delay(Backoff.Pause(failures), _client.Time, cancellationToken);
        }
    }

    /// <summary>Asks Elasticsearch.</summary>
    private protected async Task<JsonDocument> AskAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken) => JsonDocument.Parse(
        await _client.SendAsync("documents", method, path, body is null ? default : Encoding.UTF8.GetBytes(body), cancellationToken));

    private async Task RunAsync(Partition partition, CancellationToken stopping)
    {
        partition.Start();
        await Task.Yield();
        using var batch = new BulkBatch(1024 * 1024);
        try
        {
            var position = 0L;
            await UntilDoneAsync(
                "beginning with documents",
                async () =>
                {
                    await Series.EnsureAsync(stopping);
                    await InitialiseAsync(partition.Number, stopping);
                    position = (await Store.LoadCheckpointAsync(CheckpointTopic, partition.Number, stopping))?.Offset ?? 0;
                },
                stopping);
            partition.Reach(position);
            while (true)
            {
                await TakeAsync(partition, batch, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next start goes on from the checkpoint.
        }
        finally
        {
            partition.End();
        }
    }

    private string CheckpointTopic => PositionOf(Topic);

    private async Task TakeAsync(Partition partition, BulkBatch batch, CancellationToken stopping)
    {
        var end = _log.End(Topic, partition.Number);
        IReadOnlyList<LogRecord> records = [];
        await UntilDoneAsync(
            "reading the log for documents",
            async () => records = await _log.ReadAsync(Topic, partition.Number, partition.Position, ReadAtOnce, stopping),
            stopping);
        var taken = _client.Time.GetTimestamp();
        var offsets = new List<long>();
        using (await HoldAsync(partition.Number, stopping))
        {
            foreach (var record in records)
            {
                var settles = Add(partition.Number, record, batch);
                if (batch.Count > offsets.Count)
                {
                    offsets.Add(record.Offset);
                }

                if (settles || batch.Bytes >= _client.Options.BulkBytes)
                {
                    await WriteAsync(partition.Number, batch, offsets, stopping);
                }

                if (settles)
                {
                    await UntilDoneAsync("settling documents", () => SettleAsync(partition.Number, record, stopping), stopping);
                }
            }

            await WriteAsync(partition.Number, batch, offsets, stopping);
        }

        var next = records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, partition.Position);
        if (next > partition.Position)
        {
            var checkpoint = new Checkpoint(CheckpointTopic, partition.Number, next, 0, ReadOnlyMemory<byte>.Empty);
            await UntilDoneAsync("writing the position of documents", () => Store.WriteAsync([], checkpoint, stopping).AsTask(), stopping);
            Passed(partition.Number, next);
            partition.Reach(next);
        }

        if (records.Count < ReadAtOnce)
        {
            // Few at a time would be many small requests: what comes within a second goes together.
            await partition.LingerAsync(Linger - _client.Time.GetElapsedTime(taken), _client.Time, stopping);
        }
    }

    private async Task WriteAsync(int partition, BulkBatch batch, List<long> offsets, CancellationToken stopping)
    {
        IReadOnlyList<BulkFailure> rejected = [];
        await UntilDoneAsync("writing documents", async () => rejected = await _bulk.WriteAsync(batch, stopping), stopping);
        if (rejected.Count > 0)
        {
            LogRejected(rejected.Count, rejected[0].Type);
            await RejectAsync(partition, rejected, offsets, stopping);
        }

        batch.Clear();
        offsets.Clear();
    }

    /// <summary>Tells of documents that Elasticsearch will never take; the reader goes on.</summary>
    /// <param name="offsets">Offset of the record of each document of the batch.</param>
    private protected virtual Task RejectAsync(
        int partition, IReadOnlyList<BulkFailure> rejected, IReadOnlyList<long> offsets, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called when the reader has passed a position for good.</summary>
    private protected virtual void Passed(int partition, long position)
    {
    }

    private sealed class Partition(int number)
    {
        private TaskCompletionSource _changed = New(), _hurried = New();
        private long _position;

        public int Number => number;

        /// <summary>Held while documents of the partition are written.</summary>
        public SemaphoreSlim Gate { get; } = new(1);

        public long Position => Volatile.Read(ref _position);

        public bool Runs { get; private set; }

        /// <summary>Completes at the next change of what is above.</summary>
        public Task Changed => Volatile.Read(ref _changed).Task;

        public void Start() => Runs = true;

        public void End()
        {
            Runs = false;
            Reach(Position);
        }

        public void Reach(long position)
        {
            Volatile.Write(ref _position, position);
            Interlocked.Exchange(ref _changed, New()).SetResult();
        }

        /// <summary>Ends the present lingering.</summary>
        public void Hurry() => Volatile.Read(ref _hurried).TrySetResult();

        public async Task LingerAsync(TimeSpan time, TimeProvider clock, CancellationToken stopping)
        {
            if (time > TimeSpan.Zero)
            {
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                await Task.WhenAny(Task.Delay(time, clock, ending.Token), _hurried.Task);
                await ending.CancelAsync();
            }

            Volatile.Write(ref _hurried, New());
            stopping.ThrowIfCancellationRequested();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Hold(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is not possible now: {Reason}")]
    private partial void LogPostponed(string what, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Elasticsearch does not take {Count} documents ({Type}).")]
    private partial void LogRejected(int count, string type);
}
