using Cinegrain.Grains.Catalogue;
using Cinegrain.Model;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.State;

/// <summary>What the grains of a silo share.</summary>
internal sealed record SiloServices(
    SharedModel Shared,
    IScannableLog Log,
    IStateStore Store,
    ActorStates States,
    LogSender Sender,
    TraitsPublisher Traits,
    Epochs Epochs,
    TestBudget Tests,
    Repeat Repeat,
    ClusterMetrics Metrics,
    TimeProvider Time,
    ILogger<SiloServices> Logger)
{
    /// <summary>Records that arrived before it were in the log when the silo started.</summary>
    public long StartedMs { get; } = Time.GetUtcNow().ToUnixTimeMilliseconds();
}
