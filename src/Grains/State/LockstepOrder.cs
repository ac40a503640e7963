namespace Cinegrain.Grains.State;

/// <summary>
/// One order for all users of a silo in lockstep: that of the one partition that has them. A record has its turn when each before it is done, its signal learned
/// and its example taken.
/// </summary>
internal sealed class LockstepOrder
{
    private readonly Lock _gate = new();

    // Records that were read and are not done, with their user; how far each user is; who waits for a turn, and for a movie.
    private readonly SortedDictionary<long, string> _waiting = [];
    private readonly Dictionary<string, long> _done = new(StringComparer.Ordinal);
    private readonly Dictionary<long, TaskCompletionSource> _turns = [], _learning = [];

    /// <summary>A record was read that will be delivered to its user, unless the user has it already.</summary>
    public void Read(long offset, string user)
    {
        lock (_gate)
        {
            if (_done.GetValueOrDefault(user, -1) < offset)
            {
                _waiting[offset] = user;
            }
        }
    }

    /// <summary>Completes when everything before a record is done.</summary>
    public Task TurnAsync(long offset)
    {
        lock (_gate)
        {
            if (!_waiting.ContainsKey(offset) || _waiting.First().Key == offset)
            {
                return Task.CompletedTask;
            }

            return Waiter(_turns, offset).Task;
        }
    }

    /// <summary>A user is done with everything up to a record.</summary>
    public void Done(string user, long offset)
    {
        lock (_gate)
        {
            _done[user] = Math.Max(_done.GetValueOrDefault(user, -1), offset);
            foreach (var passed in _waiting.TakeWhile(record => record.Key <= offset).Where(record => record.Value == user).Select(record => record.Key).ToList())
            {
                _waiting.Remove(passed);
                if (_turns.Remove(passed, out var asked))
                {
                    asked.TrySetResult();
                }
            }

            if (_waiting.Count > 0 && _turns.Remove(_waiting.First().Key, out var next))
            {
                next.TrySetResult();
            }
        }
    }

    /// <summary>Completes when a movie has learned the signal of a user's record.</summary>
    public Task LearnedAsync(long offset)
    {
        lock (_gate)
        {
            return Waiter(_learning, offset).Task;
        }
    }

    /// <summary>A movie has learned the signal of a user's record, and the view has what it learned.</summary>
    public void Learned(long offset)
    {
        lock (_gate)
        {
            if (_learning.Remove(offset, out var waiter))
            {
                waiter.TrySetResult();
            }
        }
    }

    private static TaskCompletionSource Waiter(Dictionary<long, TaskCompletionSource> waiters, long offset)
    {
        if (!waiters.TryGetValue(offset, out var waiter))
        {
            waiters[offset] = waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return waiter;
    }
}
