using System.Collections.Concurrent;

namespace Cinegrain.Embedded.Engine;

/// <summary>Wakes those who watch a user when a record of that user was applied.</summary>
internal sealed class ChangeSignals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _watched = new(StringComparer.Ordinal);

    /// <summary>Completes at the next change of the user. Bounded by the watchers there are: the entry leaves when it is raised.</summary>
    public Task NextAsync(string user) =>
        _watched.GetOrAdd(user, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Raise(string user)
    {
        if (!_watched.IsEmpty && _watched.TryRemove(user, out var waiting))
        {
            waiting.TrySetResult();
        }
    }
}
