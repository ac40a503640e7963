using System.Collections.Concurrent;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>A store whose writes a test can hold back, as a slow one does, and of which it keeps what was on its way.</summary>
internal sealed class HeldStore(IStateStore inner) : IStateStore, IAsyncDisposable
{
    private volatile TaskCompletionSource _open = Opened();

    /// <summary>Writes that were held back, in their order; a silo that is dead may have them on their way still.</summary>
    public ConcurrentQueue<(IReadOnlyList<ActorState> States, Checkpoint? Checkpoint)> Held { get; } = new();

    /// <summary>No write goes through until <see cref="Release"/>.</summary>
    public void Hold() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Writes go through again, those that wait, too.</summary>
    public void Release() => _open.TrySetResult();

    public ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken) => inner.BindAsync(logIdentity, cancellationToken);

    public ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        inner.LoadAsync(kind, ids, cancellationToken);

    public IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, CancellationToken cancellationToken) => inner.ScanAsync(kind, cancellationToken);

    public ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken) =>
        inner.LoadCheckpointAsync(topic, partition, cancellationToken);

    public async ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        var open = _open.Task;
        if (!open.IsCompleted)
        {
            Held.Enqueue((states, checkpoint));
            await open.WaitAsync(cancellationToken);
        }

        await inner.WriteAsync(states, checkpoint, cancellationToken);
    }

    public ValueTask DisposeAsync() => inner is IAsyncDisposable disposable ? disposable.DisposeAsync() : ValueTask.CompletedTask;

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
