using System.Threading.Channels;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// The one owner of the blend: takes training examples from a bounded queue, and once a second persists weights and marks in one document, then
/// publishes the weights. In lockstep each example is taken and published at once.
/// </summary>
internal sealed class BlendOwner(LoopServices services, SharedModel shared)
{
    private const int QueueLength = 4096;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Channel<TrainingExample> _queue = Channel.CreateBounded<TrainingExample>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly Lock _gate = new();
    private Blend _blend = new();
    private long _persisted;

    /// <summary>Examples that wait.</summary>
    public int Queued => _queue.Reader.Count;

    public async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        var stored = await services.Store.LoadAsync(ActorKind.Singleton, [Blend.StateId], cancellationToken);
        if (stored[0] is { IsTombstone: false } state)
        {
            _blend = Blend.FromBytes(state.Version, state.State.Span);
            _persisted = _blend.Steps;
            shared.Weights = _blend.Snapshot();
        }
    }

    /// <summary>Takes an example; when the queue is full it is dropped, since the weights are an estimate.</summary>
    public void Take(TrainingExample example)
    {
        if (services.Options.Lockstep)
        {
            // On the loop of the users, while the owner's own may be persisting.
            lock (_gate)
            {
                Learn(example);
                shared.Weights = _blend.Snapshot();
            }
        }
        else if (!_queue.Writer.TryWrite(example))
        {
            services.Metrics.CountExample(taken: false);
        }
    }

    /// <summary>Runs until it is to stop, then persists what it learned.</summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Period, services.Time, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
            }

            lock (_gate)
            {
                while (_queue.Reader.TryRead(out var example))
                {
                    Learn(example);
                }
            }

            await PublishAsync(aborting);
        }
    }

    private void Learn(TrainingExample example)
    {
        if (_blend.Learn(example))
        {
            services.Metrics.CountExample(taken: true);
        }
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        ActorState state;
        BlendWeights snapshot;
        lock (_gate)
        {
            if (_blend.Steps == _persisted)
            {
                return;
            }

            state = new ActorState(ActorKind.Singleton, Blend.StateId, _blend.Steps, _blend.ToBytes());
            snapshot = _blend.Snapshot();
        }

        await services.Retry.UntilDoneAsync(
            "writing the blend weights", token => services.Store.WriteAsync([state], null, token).AsTask(), cancellationToken);
        _persisted = state.Version;
        if (!services.Options.Lockstep)
        {
            // In lockstep newer ones are in force already.
            shared.Weights = snapshot;
        }
    }
}
