using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Reading;

/// <summary>
/// What was fetched of one partition and not dropped yet: a window of the log from <see cref="Base"/> up to <see cref="Frontier"/>. All that exists
/// between the two is in it. Records stay for a while after they were taken, so that several readers of the same place share one fetch.
/// </summary>
internal sealed class PartitionFeed(Partition partition, int maximumRecords, long maximumBytes)
{
    private const int KeptBehind = 512;

    private readonly Lock _gate = new();
    private readonly List<LogRecord> _records = [];
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _first, _taken;
    private long _bytes;

    public Partition Partition => partition;

    /// <summary>One reader at a time waits for data.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>First offset that the window covers.</summary>
    public long Base { get; private set; } = -1;

    /// <summary>Offset that is fetched next.</summary>
    public long Frontier { get; private set; } = -1;

    /// <summary>True while its partition is paused; changed under the gate.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>True once it is being fetched.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>When it was last read from, in ticks of the system.</summary>
    public long LastUsed { get; set; }

    /// <summary>Records fetched ahead of the reader.</summary>
    public int Ahead
    {
        get
        {
            lock (_gate)
            {
                return _records.Count - _taken;
            }
        }
    }

    /// <summary>Completes at the next arrival. Take it before looking.</summary>
    public Task NextProgress()
    {
        lock (_gate)
        {
            return _progress.Task;
        }
    }

    /// <summary>True from a reservation until it is fetched from there: what arrives in between is of the place before.</summary>
    public bool IsSeeking { get; private set; }

    /// <summary>Empties the window and moves it to an offset, which is fetched from once <see cref="BeginSeek"/> is called.</summary>
    public void Reserve(long offset)
    {
        TaskCompletionSource progress;
        lock (_gate)
        {
            _records.Clear();
            _first = _taken = 0;
            _bytes = 0;
            Base = Frontier = offset;
            IsPaused = false;
            IsStarted = IsSeeking = true;
            progress = TakeProgress();
        }

        // Whoever waits here for the place before looks again.
        progress.TrySetResult();
    }

    /// <summary>Where to fetch from.</summary>
    public long BeginSeek()
    {
        lock (_gate)
        {
            IsSeeking = false;
            return Frontier;
        }
    }

    /// <summary>True when the window covers an offset, so that it is there or will arrive without a seek.</summary>
    public bool Covers(long offset)
    {
        lock (_gate)
        {
            return IsStarted && offset >= Base && offset <= Frontier;
        }
    }

    /// <summary>Records at or above an offset, and whether the partition may be fetched again; null when the window does not cover the offset.</summary>
    public (List<LogRecord> Records, long Frontier, bool Resume)? Take(long offset, int maximum)
    {
        lock (_gate)
        {
            if (IsSeeking || offset < Base || offset > Frontier)
            {
                return null;
            }

            var start = IndexOf(offset);
            var count = Math.Min(maximum, _records.Count - start);
            var taken = _records.GetRange(start, count);
            _taken = start + count;
            DropBehind();
            var resume = IsPaused && _records.Count - _taken <= maximumRecords / 2 && _bytes <= maximumBytes / 2;
            IsPaused &= !resume;
            return (taken, Frontier, resume);
        }
    }

    /// <summary>Takes in a record.</summary>
    /// <returns>True when the partition is to pause.</returns>
    public bool Add(LogRecord record)
    {
        TaskCompletionSource progress;
        bool pause;
        lock (_gate)
        {
            if (IsSeeking || record.Offset < Frontier)
            {
                return false;
            }

            _records.Add(record);
            _bytes += SizeOf(record);
            Frontier = record.Offset + 1;
            pause = !IsPaused && (_records.Count - _taken >= maximumRecords || _bytes >= maximumBytes) && _records.Count > _taken;
            IsPaused |= pause;
            progress = TakeProgress();
        }

        progress.TrySetResult();
        return pause;
    }

    /// <summary>There is nothing more below an offset.</summary>
    public void Advance(long frontier)
    {
        TaskCompletionSource progress;
        lock (_gate)
        {
            if (!IsSeeking && frontier > Frontier)
            {
                Frontier = frontier;
            }

            progress = TakeProgress();
        }

        progress.TrySetResult();
    }

    /// <summary>Ends those who wait.</summary>
    public void Wake()
    {
        TaskCompletionSource progress;
        lock (_gate)
        {
            progress = TakeProgress();
        }

        progress.TrySetResult();
    }

    private TaskCompletionSource TakeProgress()
    {
        var progress = _progress;
        _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return progress;
    }

    private int IndexOf(long offset)
    {
        var (low, high) = (_first, _records.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _records[middle].Offset < offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void DropBehind()
    {
        while (_taken - _first > KeptBehind || (_first < _taken && _bytes > maximumBytes / 4))
        {
            var dropped = _records[_first];
            _bytes -= SizeOf(dropped);
            Base = dropped.Offset + 1;
            _records[_first++] = default;
        }

        // The front is cut off when it is at least half, so each record is moved once on average.
        if (_first > _records.Count / 2)
        {
            _records.RemoveRange(0, _first);
            _taken -= _first;
            _first = 0;
        }
    }

    private static int SizeOf(in LogRecord record) => record.Value.Length + record.Key.Length + 64;
}
