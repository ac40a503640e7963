using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.State;

/// <summary>States of a silo's actors on their way from and to the store: many go in one request.</summary>
internal sealed class ActorStates : IDisposable
{
    private const int MostWaiting = 100_000, LoadStep = 500, WriteStep = 4_000;

    private readonly IStateStore _store;
    private readonly Batcher<ActorState> _writes;
    private readonly Batcher<Request> _loads;

    public ActorStates(IStateStore store, Retry retry)
    {
        _store = store;
        _writes = new(MostWaiting, WriteStep, (states, stopping) =>
            retry.UntilDoneAsync("writing states", token => store.WriteAsync(states, null, token).AsTask(), stopping));
        _loads = new(MostWaiting, LoadStep, LoadAsync);
    }

    /// <summary>States that wait to be written.</summary>
    public int Writing => _writes.Count;

    /// <summary>States that wait to be read.</summary>
    public int Loading => _loads.Count;

    public void Start()
    {
        _writes.Start();
        _loads.Start();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _writes.StopAsync(cancellationToken);
        await _loads.StopAsync(cancellationToken);
    }

    public void Dispose()
    {
        _writes.Dispose();
        _loads.Dispose();
    }

    /// <summary>The state of an actor; null when nothing is known of it.</summary>
    /// <exception cref="UnavailableException">The store is away.</exception>
    public Task<ActorState?> LoadAsync(ActorKind kind, string id)
    {
        var request = new Request(kind, id);
        _ = _loads.AddAsync(request);
        return request.Answer.Task;
    }

    /// <summary>Completes when the state is stored, or a higher version is.</summary>
    public Task WriteAsync(ActorState state) => _writes.AddAsync(state);

    private async Task LoadAsync(IReadOnlyList<Request> requests, CancellationToken cancellationToken)
    {
        foreach (var kind in requests.GroupBy(request => request.Kind))
        {
            var asked = kind.ToList();
            try
            {
                var states = await _store.LoadAsync(kind.Key, asked.ConvertAll(request => request.Id), cancellationToken);
                for (var i = 0; i < asked.Count; i++)
                {
                    asked[i].Answer.TrySetResult(states[i]);
                }
            }
            catch (Exception exception)
            {
                // Each caller decides whether to try again: a list has to be answered, a delivery is repeated.
                foreach (var request in asked)
                {
                    request.Answer.TrySetException(exception);
                    _ = request.Answer.Task.Exception;
                }
            }
        }
    }

    private sealed class Request(ActorKind kind, string id)
    {
        public ActorKind Kind => kind;

        public string Id => id;

        public TaskCompletionSource<ActorState?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
