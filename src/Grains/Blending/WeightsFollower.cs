using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.State;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Reranking;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.Blending;

/// <summary>Once a second: the newest weights for this silo, and a push for the grain that hands the catalogue on.</summary>
internal sealed partial class WeightsFollower(
    IGrainFactory grains, SharedModel shared, TimeProvider time, ILogger<WeightsFollower> logger, LockstepOrder? lockstep = null) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private long _blendSteps, _rerankSteps;

    public void Start() => _running = Task.Run(RunAsync);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<IFeedGrain>(0).HandOnAsync();
                var weights = await grains.GetGrain<IBlendGrain>(0).WeightsAsync(_blendSteps, _rerankSteps);
                if (lockstep is null)
                {
                    Take(weights);
                }
            }
            catch (Exception exception)
            {
                // The store or the log is away, or the grain is moving: the next round tries again, with the weights of before until then.
                LogNotNow(exception.Message);
            }

            await Task.Delay(Period, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(PublishedWeights weights)
    {
        if (weights.Blend is { } blend)
        {
            shared.Weights = Blend.FromBytes(weights.BlendSteps, blend).Snapshot();
            _blendSteps = weights.BlendSteps;
        }

        if (weights.Rerank is { } rerank)
        {
            shared.Rerank = RerankLearner.FromBytes(weights.RerankSteps, rerank, shared.Index, shared.Options).Snapshot();
            _rerankSteps = weights.RerankSteps;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Weights and catalogue are not handed on now: {Reason}")]
    private partial void LogNotNow(string reason);
}
