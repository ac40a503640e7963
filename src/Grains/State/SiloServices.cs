using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.Measuring;
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
    Retry Retry,
    ClusterMetrics Metrics,
    SiloStatistics Statistics,
    TimeProvider Time,
    ILogger<SiloServices> Logger,
    LockstepOrder? Lockstep = null)
{
    /// <summary>Records that arrived before it were in the log when the silo started.</summary>
    public long StartedMs { get; } = Time.GetUtcNow().ToUnixTimeMilliseconds();
}
