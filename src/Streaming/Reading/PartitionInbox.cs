using Confluent.Kafka;

namespace Cinegrain.Streaming.Reading;

/// <summary>What was fetched of a partition and not taken yet: filled by the thread of the topic's consumer, emptied by the partition's agent.</summary>
internal sealed class PartitionInbox(int maximumRecords, long maximumBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<ConsumeResult<byte[]?, byte[]?>> _records = new();
    private TaskCompletionSource _arrival = NewSignal();
    private long _bytes, _end = -1;
    private Error? _failure;

    /// <summary>True while the partition is paused because enough was fetched.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Takes in a record.</summary>
    /// <returns>True when the partition is to pause.</returns>
    public bool Add(ConsumeResult<byte[]?, byte[]?> record)
    {
        bool pause;
        lock (_gate)
        {
            _records.Enqueue(record);
            _bytes += SizeOf(record);
            pause = !IsPaused && (_records.Count >= maximumRecords || _bytes >= maximumBytes);
            IsPaused |= pause;
            _arrival.TrySetResult();
        }

        return pause;
    }

    /// <summary>The partition has nothing below an offset beyond what was added. It wakes nobody: an empty pull would have the agent pause before the next.</summary>
    public void EndAt(long offset)
    {
        lock (_gate)
        {
            _end = offset;
        }
    }

    /// <summary>The partition cannot be read from where it was begun.</summary>
    public void Fail(Error failure)
    {
        lock (_gate)
        {
            _failure = failure;
            _arrival.TrySetResult();
        }
    }

    /// <summary>Why the partition cannot be read, once.</summary>
    public Error? TakeFailure()
    {
        lock (_gate)
        {
            var failure = _failure;
            _failure = null;
            return failure;
        }
    }

    /// <summary>Moves records to a list, in order.</summary>
    /// <returns>The end of the partition when it was reached, else -1; and whether the partition may go on after a pause.</returns>
    public (long End, bool Resume) Take(int maximum, Queue<ConsumeResult<byte[]?, byte[]?>> records)
    {
        lock (_gate)
        {
            for (; maximum > 0 && _records.TryDequeue(out var record); maximum--)
            {
                _bytes -= SizeOf(record);
                records.Enqueue(record);
            }

            var resume = IsPaused && _records.Count <= maximumRecords / 2 && _bytes <= maximumBytes / 2;
            IsPaused &= !resume;
            if (_records.Count > 0)
            {
                return (-1, resume);
            }

            var end = _end;
            _end = -1;
            if (_failure is null && _arrival.Task.IsCompleted)
            {
                _arrival = NewSignal();
            }

            return (end, resume);
        }
    }

    /// <summary>Completes when there is something to take.</summary>
    public Task ArrivalAsync()
    {
        lock (_gate)
        {
            return _arrival.Task;
        }
    }

    /// <summary>Bytes of a record, with what it costs besides its key and value.</summary>
    public static int SizeOf(ConsumeResult<byte[]?, byte[]?> record) => (record.Message.Key?.Length ?? 0) + (record.Message.Value?.Length ?? 0) + 128;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
