using Cinegrain.Grains.State;
using Cinegrain.Grains.Users;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Reranking;
using Orleans.Concurrency;

namespace Cinegrain.Grains.Blending;

/// <summary>
/// Learns the weights of both stages, and publishes them after they are stored: those of stage 1 once a second, the large ones of stage 2 every five
/// seconds, stored every thirty.
/// </summary>
internal sealed class BlendGrain(SiloServices services) : Grain, IBlendGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1), RerankPeriod = TimeSpan.FromSeconds(5), RerankStored = TimeSpan.FromSeconds(30);

    private Blend _blend = new();
    private RerankLearner _rerank = new(services.Shared.Index, services.Shared.Options);
    private PublishedWeights _published = new(null, 0, null, 0);
    private long _storedRerank, _rerankPublishedAt, _rerankStoredAt;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await services.States.LoadAsync(ActorKind.Singleton, Blend.StateId) is { IsTombstone: false } blend)
        {
            _blend = Blend.FromBytes(blend.Version, blend.State.Span);
            _published = _published with { Blend = blend.State.ToArray(), BlendSteps = _blend.Steps };
        }

        if (await services.States.LoadAsync(ActorKind.Singleton, RerankLearner.StateId) is { IsTombstone: false } rerank)
        {
            _rerank = RerankLearner.FromBytes(rerank.Version, rerank.State.Span, services.Shared.Index, services.Shared.Options);
            _published = _published with { Rerank = rerank.State.ToArray(), RerankSteps = _rerank.Steps };
            _storedRerank = _rerank.Steps;
        }

        if (services.Lockstep is not null)
        {
            PutInForce();
        }

        _rerankPublishedAt = _rerankStoredAt = services.Time.GetTimestamp();
        this.RegisterGrainTimer(PublishAsync, new GrainTimerCreationOptions(Period, Period) { Interleave = true });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => StoreAsync(isLast: true).WaitAsync(cancellationToken);

    public Task LearnAsync(Immutable<TrainingStep> step)
    {
        var example = TrainingSteps.ToExample(step.Value, services.Shared.Index);
        _blend.Learn(example);
        if (_rerank.Learn(example))
        {
            services.Metrics.CountExample();
        }

        return Task.CompletedTask;
    }

    public async Task LearnAtOnceAsync(Immutable<TrainingStep> step)
    {
        await LearnAsync(step);
        PutInForce();
    }

    public Task<PublishedWeights> WeightsAsync(long knownBlend, long knownRerank) => Task.FromResult(_published with
    {
        Blend = _published.BlendSteps > knownBlend ? _published.Blend : null,
        Rerank = _published.RerankSteps > knownRerank ? _published.Rerank : null,
    });

    private void PutInForce()
    {
        services.Shared.Weights = _blend.Snapshot();
        services.Shared.Rerank = _rerank.Live();
    }

    private Task PublishAsync(CancellationToken cancellationToken) => StoreAsync(isLast: false);

    private async Task StoreAsync(bool isLast)
    {
        var next = _published;
        var writes = new List<Task>();
        if (_blend.Steps > next.BlendSteps)
        {
            next = next with { Blend = _blend.ToBytes(), BlendSteps = _blend.Steps };
            writes.Add(services.States.WriteAsync(new ActorState(ActorKind.Singleton, Blend.StateId, next.BlendSteps, next.Blend)));
        }

        if (_rerank.Steps > next.RerankSteps && (isLast || services.Time.GetElapsedTime(_rerankPublishedAt) >= RerankPeriod))
        {
            next = next with { Rerank = _rerank.ToBytes(), RerankSteps = _rerank.Steps };
            _rerankPublishedAt = services.Time.GetTimestamp();
        }

        if (next.RerankSteps > _storedRerank && (isLast || services.Time.GetElapsedTime(_rerankStoredAt) >= RerankStored))
        {
            _storedRerank = next.RerankSteps;
            _rerankStoredAt = services.Time.GetTimestamp();
            writes.Add(services.States.WriteAsync(new ActorState(ActorKind.Singleton, RerankLearner.StateId, next.RerankSteps, next.Rerank)));
        }

        await Task.WhenAll(writes);
        _published = next;
    }
}
