using Cinegrain.Api;
using Cinegrain.Gateway.Hosting;
using Cinegrain.Grains;

namespace Cinegrain.Gateway.Recommending;

/// <summary>
/// What the dashboard page shows of a cluster: its catalogue and charts. What only all silos together know (users, quality, freshness) is in Kibana and in
/// the metrics.
/// </summary>
internal sealed class GatewayDashboard(ClusterConnection cluster, GatewayLog log)
{
    public const int Listed = 10;

    private const int MostClasses = 20;

    public async Task<DashboardData> ReadAsync(IReadOnlyList<ScoredMovie> popular, IReadOnlyList<ScoredMovie> trending)
    {
        var movies = log.Movies.All.ToList();
        return new DashboardData
        {
            Users = 0,
            Movies = movies.Count,
            Interactions = await cluster.AskAsync(grains => grains.GetGrain<ICatalogueGrain>(0).InteractionsAsync()),
            EventsPerSecond = 0,
            FreshnessP50 = 0,
            FreshnessP99 = 0,
            Lag = 0,
            MoviesByYear = [.. movies.Where(m => m.Year is not null).GroupBy(m => m.Year!.Value).OrderBy(g => g.Key).Select(g => new DashboardCount($"{g.Key}", g.Count()))],
            Genres = Classes(movies.SelectMany(m => m.Genres)),
            Languages = Classes(movies.Select(m => m.Language).OfType<string>()),
            Ratings = [],
            InteractionsByMinute = [],
            InteractionsByMonth = [],
            Rejected = [],
            Quality = [],
            Variants = [],
            Popular = popular,
            Trending = trending,
        };
    }

    private static List<DashboardCount> Classes(IEnumerable<string> names) =>
        [.. names.GroupBy(name => name).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MostClasses)
            .Select(g => new DashboardCount(g.Key, g.Count()))];
}
