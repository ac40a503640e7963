namespace Cinegrain.Model.Ports;

/// <summary>Tasks that wait until a partition has applied everything below an offset.</summary>
public sealed class Waiters
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _reached;

    /// <summary>Everything below it is applied.</summary>
    public long Reached => Volatile.Read(ref _reached);

    /// <summary>Those that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Completes once everything below the offset is applied.</summary>
    public Task WaitAsync(long offset, CancellationToken cancellationToken)
    {
        if (Reached >= offset)
        {
            return Task.CompletedTask;
        }

        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_reached >= offset)
            {
                return Task.CompletedTask;
            }

            waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(waiter, offset);
        }

        return AwaitAsync(waiter, cancellationToken);
    }

    /// <summary>Wakes those that wait for an offset up to this one.</summary>
    public void Reach(long offset)
    {
        lock (_gate)
        {
            _reached = offset;
            while (_waiting.TryPeek(out var waiter, out var wanted) && wanted <= offset)
            {
                _waiting.Dequeue();
                waiter.TrySetResult();
            }
        }
    }

    // Not Task.WaitAsync: on such a source it goes on on the thread pool whatever the caller's context, and who gave up would stay in the queue.
    private async Task AwaitAsync(TaskCompletionSource waiter, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                lock (_gate)
                {
                    _waiting.Remove(waiter, out var _, out var _);
                }

                waiter.TrySetCanceled(token);
            },
            null);
        await waiter.Task;
    }
}
