using System.Runtime.CompilerServices;
using System.Text;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests.Storage;

/// <summary>
/// A log over a <see cref="LogDisk"/> for one life of the process. An append is acknowledged after a sync. When the process is killed, a drawn
/// prefix of what was not acknowledged is on the disk, for each partition; an append that fails may have left a part of it, too.
/// </summary>
internal sealed class SimulatedLog : IErasableLog
{
    private const string Device = "log";

    private readonly LogDisk _disk;
    private readonly Machine _machine;
    private readonly Queue<Append> _queue = new();
    private List<Append> _inFlight = [];
    private bool _isWriting;

    public SimulatedLog(LogDisk disk, Machine machine)
    {
        (_disk, _machine) = (disk, machine);
        machine.WhenKilled(Tear);
    }

    public string Identity => "simulated";

    public int PartitionCount(string topic) => _disk[topic].Length;

    public long End(string topic, int partition) => _disk[topic][partition].End;

    public async Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _machine.ThrowIfDead();
        if (entries.Count == 0)
        {
            return [];
        }

        var append = new Append([.. entries]);
        _queue.Enqueue(append);
        if (!_isWriting)
        {
            _isWriting = true;
            _ = WriteAsync();
        }

        return await append.Done.Task;
    }

    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(
        string topic, int partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        var from = _disk[topic][partition];
        await _machine.WorkAsync(Device, $"read {topic}/{partition} {offset}");
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _machine.ThrowIfDead();
            if (offset < from.End)
            {
                // No more than a drawn number: a segment ends, a page is full.
                var most = _machine.Random.Next(1, maximum + 1);
                var found = new List<LogRecord>();
                for (var at = offset; at < from.End && found.Count < most; at++)
                {
                    if (from.Records[(int)at] is { } record)
                    {
                        found.Add(record);
                    }
                }

                return found;
            }

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            from.Waiting.Add(waiting);
            using var cancelled = cancellationToken.UnsafeRegister(_ => waiting.TrySetResult(), null);
            using var killed = _machine.Death.UnsafeRegister(_ => waiting.TrySetResult(), null);
            await waiting.Task;
        }
    }

    public async Task<LogErasure> EraseUserAsync(string pseudonym, long upToOffset, CancellationToken cancellationToken)
    {
        var interactions = await EraseAsync(
            _disk[Topics.Interactions][Partitioner.Partition(pseudonym, PartitionCount(Topics.Interactions))],
            record => record.Offset < upToOffset && record.Key == pseudonym);
        var bytes = Encoding.UTF8.GetBytes(pseudonym);
        var rejected = 0;
        foreach (var partition in _disk[Topics.Rejected])
        {
            rejected += await EraseAsync(partition, record => record.Value.Span.IndexOf(bytes) >= 0);
        }

        return new LogErasure(interactions, rejected);
    }

    public async IAsyncEnumerable<LogRecord> ReadKeyAsync(
        string topic, int partition, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _machine.WorkAsync(Device, $"read key {topic}/{partition}");
        foreach (var record in _disk[topic][partition].Records.ToArray())
        {
            if (record?.Key == key)
            {
                yield return record.Value;
            }
        }
    }

    private async Task<int> EraseAsync(LogDiskPartition partition, Func<LogRecord, bool> isErased)
    {
        var count = 0;
        await _machine.WorkAsync(Device, "erase");
        for (var i = 0; i < partition.End; i++)
        {
            if (partition.Records[i] is { } record && isErased(record))
            {
                partition.Records[i] = null;
                count++;
                await _machine.WorkAsync(Device, "erase");
            }
        }

        return count;
    }

    private async Task WriteAsync()
    {
        while (_queue.Count > 0)
        {
            _inFlight = [];
            for (var count = _machine.Random.Next(1, _queue.Count + 1); count > 0; count--)
            {
                _inFlight.Add(_queue.Dequeue());
            }

            try
            {
                await _machine.WorkAsync(Device, $"append {_inFlight.Sum(append => append.Entries.Length)}");
                foreach (var append in _inFlight)
                {
                    append.Done.SetResult([.. append.Entries.Select(Land)]);
                }
            }
            catch (UnavailableException exception)
            {
                var entries = _inFlight.SelectMany(append => append.Entries).ToArray();
                if (_machine.Random.Next(3) == 0)
                {
                    LandPrefix(entries);
                }

                foreach (var append in _inFlight)
                {
                    append.Done.SetException(exception);
                }
            }
            catch (ProcessKilledException)
            {
                return;
            }

            _inFlight = [];
            foreach (var topic in new[] { Topics.Interactions, Topics.Signals, Topics.Movies, Topics.Rejected })
            {
                foreach (var partition in _disk[topic])
                {
                    if (partition.Waiting.Count > 0)
                    {
                        partition.Wake();
                    }
                }
            }
        }

        _isWriting = false;
    }

    private LogPosition Land(LogEntry entry) => _disk.Land(entry, _machine.Scheduler.Time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A drawn prefix of each partition's share: partitions are files of their own.</summary>
    private void LandPrefix(LogEntry[] entries)
    {
        var kept = new Dictionary<(string, int), int>();
        foreach (var group in entries.GroupBy(Place))
        {
            kept[group.Key] = _machine.Random.Next(group.Count() + 1);
        }

        foreach (var entry in entries)
        {
            var place = Place(entry);
            if (kept[place]-- > 0)
            {
                Land(entry);
            }
        }

        (string, int) Place(LogEntry entry) => (entry.Topic, Partitioner.Partition(entry.Key, PartitionCount(entry.Topic)));
    }

    private void Tear()
    {
        var open = _inFlight.Concat(_queue).ToList();
        LandPrefix([.. open.SelectMany(append => append.Entries)]);
        foreach (var append in open)
        {
            append.Done.TrySetException(new ProcessKilledException());
            _ = append.Done.Task.Exception;
        }

        _queue.Clear();
    }

    private sealed record Append(LogEntry[] Entries)
    {
        public TaskCompletionSource<LogPosition[]> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
