using Cinegrain.Api;
using Cinegrain.Gateway.Hosting;
using Cinegrain.Grains;
using Cinegrain.Hosting;

namespace Cinegrain.Gateway.Recommending;

/// <summary>What the dashboard page shows of a cluster: what its silos count together, and the catalogue and the refused input as this gateway reads them.</summary>
internal sealed class GatewayDashboard(ClusterConnection cluster, GatewayLog log, TimeProvider time)
{
    public async Task<DashboardData> ReadAsync(IReadOnlyList<ScoredMovie> popular, IReadOnlyList<ScoredMovie> trending)
    {
        var now = time.GetUtcNow();
        var figures = await cluster.AskAsync(grains => ClusterFigures.ReadAsync(grains, now));
        return DashboardPage.Of(figures, [.. log.Movies.All], log.Rejected.ByReason(), popular, trending, now);
    }
}
