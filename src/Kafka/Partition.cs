using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka;

/// <summary>One partition of one topic: where it ends, and who waits for more.</summary>
internal sealed class Partition(string topic, string physicalTopic, int number)
{
    private long _end;
    private TaskCompletionSource? _grown;
    private Exception? _failure;

    /// <summary>Name of the topic to the engine.</summary>
    public string Topic => topic;

    /// <summary>The partition to the cluster.</summary>
    public Confluent.Kafka.TopicPartition Physical { get; } = new(physicalTopic, number);

    public int Number => number;

    /// <summary>Everything that is known to be durable is below it.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Says that something durable stands below an offset; wakes those that wait when it is news.</summary>
    public void Raise(long end)
    {
        var known = Volatile.Read(ref _end);
        while (end > known)
        {
            var before = Interlocked.CompareExchange(ref _end, end, known);
            if (before == known)
            {
                Interlocked.Exchange(ref _grown, null)?.SetResult();
                return;
            }

            known = before;
        }
    }

    /// <summary>Completes after the next growth. Take it before looking at <see cref="End"/>.</summary>
    public Task NextGrowth()
    {
        var source = Source();
        if (Volatile.Read(ref _failure) is { } failure)
        {
            Fault(source, failure);
        }

        return source.Task;
    }

    /// <summary>Nothing more will come: those that wait, now or later, get the exception.</summary>
    public void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        Fault(Source(), failure);
    }

    /// <summary>Throws what <see cref="Fail"/> was told.</summary>
    public void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw failure switch
            {
                WrongLogException => new WrongLogException(failure.Message),
                ObjectDisposedException => new ObjectDisposedException(nameof(KafkaLog)),
                _ => new InvalidOperationException($"the reader of Kafka ended: {failure.Message}", failure),
            };
        }
    }

    private TaskCompletionSource Source()
    {
        var current = Volatile.Read(ref _grown);
        while (current is null)
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            current = Interlocked.CompareExchange(ref _grown, fresh, null) is null ? fresh : Volatile.Read(ref _grown);
        }

        return current;
    }

    private static void Fault(TaskCompletionSource source, Exception failure)
    {
        source.TrySetException(failure);

        // Marks the exception as observed: there may be nobody who waits.
        _ = source.Task.Exception;
    }
}
