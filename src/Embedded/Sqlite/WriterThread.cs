using System.Diagnostics;
using System.Diagnostics.Metrics;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>Something to be written, as part of one transaction.</summary>
internal abstract class WriteRequest
{
    /// <summary>Records in it; counts towards the bound of the queue.</summary>
    public virtual int Records => 0;

    /// <summary>Bytes in it; counts towards the bound of the queue.</summary>
    public virtual long Bytes => 0;

    /// <summary>True when it must run by itself, outside of any transaction.</summary>
    public virtual bool Alone => false;

    /// <summary>Cancelled before the writer took it: nothing is written.</summary>
    public required CancellationToken Cancellation { get; init; }

    /// <summary>Writes, on the writer thread.</summary>
    public abstract void Apply();

    /// <summary>The transaction is durable.</summary>
    public abstract void Succeed();

    /// <summary>The transaction was rolled back.</summary>
    public abstract void Fail(Exception failure);

    /// <summary>It was cancelled in time.</summary>
    public abstract void Cancel();
}

/// <summary>A request with a result; its task never continues on the writer thread.</summary>
internal abstract class WriteRequest<T> : WriteRequest
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Done => _done.Task;

    protected T? Result { get; set; }

    public override void Succeed() => _done.SetResult(Result!);

    public override void Fail(Exception failure) => _done.SetException(failure);

    public override void Cancel() => _done.SetCanceled(Cancellation);
}

/// <summary>A piece of work as a request.</summary>
internal sealed class WorkRequest<T>(Func<T> work, bool alone) : WriteRequest<T>
{
    public override bool Alone => alone;

    public override void Apply() => Result = work();
}

/// <summary>What follows the end of a transaction, on the writer thread.</summary>
internal interface IWriteGroup
{
    /// <summary>Called when the transaction is durable, before its requests are told; must not throw.</summary>
    void Committed();

    /// <summary>Called when the transaction was rolled back; must not throw.</summary>
    void RolledBack();
}

/// <summary>Bounds of a writer's queue.</summary>
internal readonly record struct QueueBounds(int Records, long Bytes);

/// <summary>
/// The one thread that writes to a database. What waits when a transaction ends goes into the next one together (group commit), so the
/// cost of making it durable is shared.
/// </summary>
internal sealed class WriterThread : IAsyncDisposable
{
    private const int GroupRecords = 16_384;
    private const long GroupBytes = 8 * 1024 * 1024;

    private readonly object _gate = new();
    private readonly Queue<WriteRequest> _queue = new();
    private readonly Database _database;
    private readonly IWriteGroup? _group;
    private readonly QueueBounds _bounds;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Meter _meter = new("Cinegrain");
    private readonly Histogram<int> _groupSize;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _failures;
    private int _records;
    private long _bytes;
    private bool _closing;

    /// <param name="database">The connection that writes; the caller disposes of it after this.</param>
    /// <param name="group">Told how each transaction ended, if anyone is.</param>
    /// <param name="bounds">How much may wait.</param>
    /// <param name="name">Part of the metrics' and the thread's name: <c>log</c> or <c>store</c>.</param>
    public WriterThread(Database database, IWriteGroup? group, QueueBounds bounds, string name)
    {
        _database = database;
        _group = group;
        _bounds = bounds;
        _groupSize = _meter.CreateHistogram<int>($"cinegrain.{name}.batch", "{record}", "Records written in one transaction.");
        _commitDuration = _meter.CreateHistogram<double>($"cinegrain.{name}.commit.duration", "s", "Time of one transaction until it is durable.");
        _failures = _meter.CreateCounter<long>($"cinegrain.{name}.failures", "{transaction}", "Transactions that failed and were rolled back.");
        _meter.CreateObservableGauge($"cinegrain.{name}.queue.records", () => Volatile.Read(ref _records), "{record}", "Records waiting to be written.");
        _meter.CreateObservableGauge($"cinegrain.{name}.queue.bytes", () => Volatile.Read(ref _bytes), "By", "Bytes waiting to be written.");
        _meter.CreateObservableGauge(
            $"cinegrain.{name}.queue.fill",
            () => Math.Max((double)Volatile.Read(ref _records) / bounds.Records, (double)Volatile.Read(ref _bytes) / bounds.Bytes),
            "1",
            "How full the queue of writes is; 1 refuses more.");
        _meter.CreateObservableGauge($"cinegrain.{name}.size", FileSize, "By", "Size of the database and its write-ahead log.");
        new Thread(Run) { IsBackground = true, Name = $"cinegrain-{name}-writer" }.Start();
    }

    /// <summary>Queues a request; its task tells the end.</summary>
    /// <exception cref="UnavailableException">The queue is full.</exception>
    /// <exception cref="ObjectDisposedException">The writer was closed.</exception>
    public Task<T> EnqueueAsync<T>(WriteRequest<T> request)
    {
        lock (_gate)
        {
            if (_closing)
            {
                return Task.FromException<T>(new ObjectDisposedException(_database.File));
            }

            // A request beyond the bound by itself goes into an empty queue, or it never could.
            if (_records > 0 && (_records + request.Records > _bounds.Records || _bytes + request.Bytes > _bounds.Bytes) && request.Records > 0)
            {
                return Task.FromException<T>(new UnavailableException(
                    $"too much waits to be written to {_database.File}; try again shortly", TimeSpan.FromSeconds(1)));
            }

            _records += request.Records;
            _bytes += request.Bytes;
            _queue.Enqueue(request);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }

        return request.Done;
    }

    /// <summary>Queues a piece of work.</summary>
    public Task<T> EnqueueAsync<T>(Func<T> work, bool alone, CancellationToken cancellationToken) =>
        EnqueueAsync(new WorkRequest<T>(work, alone) { Cancellation = cancellationToken });

    /// <summary>Writes what waits, then ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
        _meter.Dispose();
    }

    private void Run()
    {
        var group = new List<WriteRequest>();
        while (Take(group))
        {
            Write(group);
            group.Clear();
        }

        _ended.SetResult();
    }

    private bool Take(List<WriteRequest> group)
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_closing)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            var records = 0;
            var bytes = 0L;
            while (_queue.TryPeek(out var request) && records < GroupRecords && bytes < GroupBytes && (group.Count == 0 || !request.Alone))
            {
                group.Add(_queue.Dequeue());
                records += request.Records;
                bytes += request.Bytes;
                if (request.Alone)
                {
                    break;
                }
            }

            return true;
        }
    }

    private void Write(List<WriteRequest> group)
    {
        var started = Stopwatch.GetTimestamp();
        var taken = new List<WriteRequest>(group.Count);
        var cancelled = new List<WriteRequest>();
        foreach (var request in group)
        {
            (request.Cancellation.IsCancellationRequested ? cancelled : taken).Add(request);
        }

        var failure = taken.Count == 0 ? null : Commit(taken);

        // Their room is free before they are told: whoever was told may queue the next at once.
        var records = taken.Sum(request => request.Records);
        lock (_gate)
        {
            _records -= group.Sum(request => request.Records);
            _bytes -= group.Sum(request => request.Bytes);
        }

        if (failure is not null)
        {
            _failures.Add(1);
        }
        else if (records > 0)
        {
            _groupSize.Record(records);
            _commitDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        cancelled.ForEach(request => request.Cancel());
        foreach (var request in taken)
        {
            if (failure is null)
            {
                request.Succeed();
            }
            else
            {
                request.Fail(failure);
            }
        }
    }

    /// <summary>Writes the requests; returns why that failed, for those who wait for them, or null.</summary>
    private Exception? Commit(List<WriteRequest> requests)
    {
        var alone = requests[0].Alone;
        try
        {
            if (!alone)
            {
                _database.Prepare("BEGIN IMMEDIATE").Run();
            }

            requests.ForEach(request => request.Apply());
            if (!alone)
            {
                _database.Prepare("COMMIT").Run();
            }
        }
        catch (Exception e)
        {
            // Every failure reaches whoever waits; the thread goes on with the next requests.
            _database.Rollback();
            _group?.RolledBack();
            return e;
        }

        _group?.Committed();
        return null;
    }

    private long FileSize()
    {
        var size = 0L;
        foreach (var suffix in (ReadOnlySpan<string>)["", "-wal"])
        {
            var file = new FileInfo(_database.File + suffix);
            size += file.Exists ? file.Length : 0;
        }

        return size;
    }
}
