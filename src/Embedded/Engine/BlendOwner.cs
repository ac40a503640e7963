using System.Threading.Channels;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// The one owner of the weights of both stages: takes training examples from a bounded queue, and once a second publishes what it learned. The small document
/// of stage 1 is persisted before each publication, the large one of stage 2 (numbers for every movie) as seldom as the movies. In lockstep each example is
/// taken and published at once.
/// </summary>
internal sealed class BlendOwner(LoopServices services, SharedModel shared)
{
    private const int QueueLength = 4096;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Channel<TrainingExample> _queue = Channel.CreateBounded<TrainingExample>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly Lock _gate = new();
    private Blend _blend = new();
    private RerankLearner _rerank = new(shared.Index, shared.Options);
    private long _persistedBlend, _persistedRerank, _publishedRerank;
    private long _rerankPersistedAt;

    /// <summary>Examples that wait.</summary>
    public int Queued => _queue.Reader.Count;

    public async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        var stored = await services.Store.LoadAsync(ActorKind.Singleton, [Blend.StateId, RerankLearner.StateId], cancellationToken);
        if (stored[0] is { IsTombstone: false } blend)
        {
            _blend = Blend.FromBytes(blend.Version, blend.State.Span);
            _persistedBlend = _blend.Steps;
            shared.Weights = _blend.Snapshot();
        }

        if (stored[1] is { IsTombstone: false } rerank)
        {
            _rerank = RerankLearner.FromBytes(rerank.Version, rerank.State.Span, shared.Index, shared.Options);
            _persistedRerank = _publishedRerank = _rerank.Steps;
            shared.Rerank = _rerank.Snapshot();
        }

        _rerankPersistedAt = services.Time.GetTimestamp();
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
                shared.Rerank = _rerank.Live();
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

            await PublishAsync(stopping.IsCancellationRequested, aborting);
        }
    }

    private void Learn(TrainingExample example)
    {
        _blend.Learn(example);
        if (_rerank.Learn(example))
        {
            services.Metrics.CountExample(taken: true);
        }

        services.Metrics.SetRollbacks(_blend.Rollbacks + _rerank.Rollbacks);
    }

    /// <param name="last">True when nothing comes after it, so that everything is persisted.</param>
    private async Task PublishAsync(bool last, CancellationToken cancellationToken)
    {
        var states = new List<ActorState>();
        BlendWeights weights;
        RerankWeights? rerank = null;
        lock (_gate)
        {
            weights = _blend.Snapshot();
            if (_blend.Steps != _persistedBlend)
            {
                states.Add(new ActorState(ActorKind.Singleton, Blend.StateId, _persistedBlend = _blend.Steps, _blend.ToBytes()));
            }

            var isDue = last || services.Time.GetElapsedTime(_rerankPersistedAt) >= services.Options.MovieCheckpointInterval;
            if (isDue && _rerank.Steps != _persistedRerank)
            {
                states.Add(new ActorState(ActorKind.Singleton, RerankLearner.StateId, _persistedRerank = _rerank.Steps, _rerank.ToBytes()));
                _rerankPersistedAt = services.Time.GetTimestamp();
            }

            if (_rerank.Steps != _publishedRerank && !services.Options.Lockstep)
            {
                _publishedRerank = _rerank.Steps;
                rerank = _rerank.Snapshot();
            }
        }

        var publishes = states.Count > 0 || rerank is not null;
        if (states.Count > 0)
        {
            await services.Retry.UntilDoneAsync(
                "writing the weights", token => services.Store.WriteAsync(states, null, token).AsTask(), cancellationToken);
        }

        if (publishes && !services.Options.Lockstep)
        {
            // In lockstep newer ones are in force already.
            shared.Weights = weights;
            shared.Rerank = rerank ?? shared.Rerank;
        }
    }
}
