using Cinegrain.Api;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Hosting;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Standalone.Recommending;

/// <summary>Puts together what the dashboard page shows, from the sums of the partitions and the catalogue view.</summary>
internal sealed class DashboardSource(RecommendationEngine engine, RejectedCounts rejected, TimeProvider time)
{
    private readonly Lock _gate = new();
    private (long Ticks, long Interactions) _sample = (time.GetTimestamp(), 0);
    private double _rate;

    public DashboardData Read()
    {
        var now = time.GetUtcNow();
        var seconds = now.ToUnixTimeSeconds();
        var view = engine.Shared.View;
        return DashboardPage.Of(
            Figures(),
            [.. view.DescribeAll(seconds).Select(movie => movie.Metadata)],
            rejected.ByReason(),
            [.. MovieCharts.Popular(view, DashboardPage.Listed, seconds).Select(StandaloneRecommender.ToScored)],
            [.. MovieCharts.Trending(view, DashboardPage.Listed, seconds).Select(StandaloneRecommender.ToScored)],
            now);
    }

    /// <summary>The same for Elasticsearch.</summary>
    public MetricSample Sample() => DashboardPage.Sample(Figures());

    private LiveFigures Figures()
    {
        var sums = engine.ReadSums();
        var (median, p99) = engine.Freshness;
        return new LiveFigures(sums, Rate(sums.Interactions), median, p99, engine.Lag, engine.Shared.View.ListedCount, engine.ReadVariants());
    }

    /// <summary>Interactions a second since the last look that was at least two seconds ago.</summary>
    private double Rate(long interactions)
    {
        lock (_gate)
        {
            var elapsed = time.GetElapsedTime(_sample.Ticks).TotalSeconds;
            if (elapsed >= 2)
            {
                _rate = Math.Max(0, interactions - _sample.Interactions) / elapsed;
                _sample = (time.GetTimestamp(), interactions);
            }

            return _rate;
        }
    }
}
