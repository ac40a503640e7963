using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.State;

/// <summary>
/// Gathers what many actors of a silo want done and does it together, one batch after the other, each repeated until it succeeds. While a batch is under
/// way the next one gathers, so batches grow with the load.
/// </summary>
/// <param name="most">Items that may wait; beyond it <see cref="RoomAsync"/> waits.</param>
/// <param name="step">Items of one batch.</param>
/// <param name="run">Does a batch; what it does may be repeated. It does not keep the list.</param>
internal sealed class Batcher<T>(int most, int step, Func<IReadOnlyList<T>, CancellationToken, Task> run) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private List<T> _waiting = [], _spare = [];
    private TaskCompletionSource _batch = New();
    private TaskCompletionSource _wake = New();
    private Task _running = Task.CompletedTask;
    private int _underWay;

    /// <summary>Items that wait or are under way.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count + _underWay;
            }
        }
    }

    /// <summary>Begins to work.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Adds an item; the task completes when it is done, and everything that was added before.</summary>
    public Task AddAsync(T item)
    {
        lock (_gate)
        {
            _waiting.Add(item);
            _wake.TrySetResult();
            return _batch.Task;
        }
    }

    /// <summary>Completes when there is room again; at once when there is.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
        {
            return _waiting.Count < most ? Task.CompletedTask : _batch.Task;
        }
    }

    /// <summary>Finishes what waits, unless the token ends it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task last;
        lock (_gate)
        {
            last = _waiting.Count + _underWay == 0 ? Task.CompletedTask : _batch.Task;
            _wake.TrySetResult();
        }

        await last.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stopping.CancelAsync();
        _wake.TrySetResult();
        await _running;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        while (true)
        {
            await _wake.Task;
            List<T> items;
            TaskCompletionSource batch;
            lock (_gate)
            {
                (items, _waiting, _spare) = (_waiting, _spare, []);
                (batch, _batch) = (_batch, New());
                _wake = New();
                _underWay = items.Count;
            }

            try
            {
                for (var from = 0; from < items.Count; from += step)
                {
                    await run(items.Count <= step ? items : items.GetRange(from, Math.Min(step, items.Count - from)), _stopping.Token);
                }

                batch.TrySetResult();
                items.Clear();
                _spare = items;
            }
            catch (Exception exception)
            {
                // A cancellation, or what no repetition mends: whoever waits is told, and the next batch is tried.
                batch.TrySetException(exception is OperationCanceledException
                    ? new UnavailableException("this process stops", TimeSpan.FromSeconds(1), exception)
                    : exception);
                _ = batch.Task.Exception;
            }

            lock (_gate)
            {
                _underWay = 0;
            }

            if (_stopping.IsCancellationRequested)
            {
                lock (_gate)
                {
                    _batch.TrySetException(new UnavailableException("this process stops", TimeSpan.FromSeconds(1)));
                    _ = _batch.Task.Exception;
                }

                return;
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
