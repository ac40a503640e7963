using Cinegrain.Api;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Standalone.Recommending;

/// <summary>Puts together what the dashboard page shows, from the sums of the partitions and the catalogue view.</summary>
internal sealed class DashboardSource(RecommendationEngine engine, RejectedCounts rejected, TimeProvider time)
{
    private const int Listed = 10, MostClasses = 20, Minutes = 120;

    private readonly Lock _gate = new();
    private (long Ticks, long Interactions) _sample = (time.GetTimestamp(), 0);
    private double _rate;

    public DashboardData Read()
    {
        var now = time.GetUtcNow();
        var view = engine.Shared.View;
        var movies = view.DescribeAll(now.ToUnixTimeSeconds());
        long users = 0, interactions = 0;
        var ratings = new long[10];
        var months = new SortedDictionary<int, long>();
        var minutes = new SortedDictionary<long, long>();
        var qualityMinutes = new SortedDictionary<long, QualitySums>();
        var qualityHours = new SortedDictionary<long, QualitySums>();
        engine.ReadStatistics(partition =>
        {
            users += partition.Users;
            interactions += partition.Interactions;
            for (var i = 0; i < ratings.Length; i++)
            {
                ratings[i] += partition.Ratings[i];
            }

            Sum(months, partition.Months, (a, b) => a + b);
            Sum(minutes, partition.ArrivalMinutes, (a, b) => a + b);
            Sum(qualityMinutes, partition.QualityMinutes, (a, b) => a + b);
            foreach (var variant in Enum.GetValues<ModelVariant>())
            {
                Sum(qualityHours, partition.QualityHours(variant), (a, b) => a + b);
            }
        });

        // By the minute while everything is recent, else by the hour.
        var (quality, unit) = qualityHours.Count > 3 ? (qualityHours, TimeSpan.FromHours(1)) : (qualityMinutes, TimeSpan.FromMinutes(1));
        var freshness = engine.Freshness;
        return new DashboardData
        {
            Users = users,
            Movies = movies.Count,
            Interactions = interactions,
            EventsPerSecond = Rate(interactions),
            FreshnessP50 = freshness.Median,
            FreshnessP99 = freshness.P99,
            Lag = engine.Lag,
            MoviesByYear = [.. movies.Where(m => m.Metadata.Year is not null).GroupBy(m => m.Metadata.Year!.Value).OrderBy(g => g.Key)
                .Select(g => new DashboardCount($"{g.Key}", g.Count()))],
            Genres = Classes(movies.SelectMany(m => m.Metadata.Genres)),
            Languages = Classes(movies.Select(m => m.Metadata.Language).OfType<string>()),
            Ratings = [.. ratings.Select((count, i) => new DashboardCount($"{(i + 1) / 2.0:0.0}", count))],
            InteractionsByMinute = Series(minutes, now.ToUnixTimeSeconds() / 60),
            InteractionsByMonth = [.. months.Select(m => new DashboardCount($"{m.Key / 12:0000}-{(m.Key % 12) + 1:00}", m.Value))],
            Rejected = [.. rejected.ByReason().Select(r => new DashboardCount(r.Reason, r.Count))],
            Quality = [.. quality.Select(q => Describe(DateTimeOffset.UnixEpoch + (unit * q.Key), q.Value))],
            Variants = [.. engine.ReadVariants().Select(Describe)],
            Popular = [.. MovieCharts.Popular(view, Listed, now.ToUnixTimeSeconds()).Select(StandaloneRecommender.ToScored)],
            Trending = [.. MovieCharts.Trending(view, Listed, now.ToUnixTimeSeconds()).Select(StandaloneRecommender.ToScored)],
        };
    }

    private static DashboardVariant Describe(VariantQuality quality) => new(
        VariantQuality.NameOf(quality.Variant),
        quality.Tested,
        Describe(quality.Recall),
        Describe(quality.Ndcg),
        Describe(quality.PopularityRecall),
        quality.Coverage,
        quality.Offered,
        Describe(quality.ClickThrough));

    private static DashboardEstimate Describe(Estimate estimate) => new(estimate.Value, estimate.Low, estimate.High);

    /// <summary>The same for Elasticsearch, without what Kibana counts itself.</summary>
    public MetricSample Sample()
    {
        long users = 0, interactions = 0;
        var quality = new SortedDictionary<long, QualitySums>();
        var variants = Enum.GetValues<ModelVariant>().ToDictionary(variant => variant, _ => new SortedDictionary<long, QualitySums>());
        engine.ReadStatistics(partition =>
        {
            users += partition.Users;
            interactions += partition.Interactions;
            Sum(quality, partition.QualityMinutes, (a, b) => a + b);
            foreach (var (variant, hours) in variants)
            {
                Sum(hours, partition.QualityHours(variant), (a, b) => a + b);
            }
        });
        var freshness = engine.Freshness;
        return new MetricSample(
            interactions,
            Rate(interactions),
            freshness.Median,
            freshness.P99,
            engine.Lag,
            users,
            engine.Shared.View.ListedCount,
            quality,
            [.. variants.SelectMany(variant => variant.Value.Select(hour => new VariantHour(VariantQuality.NameOf(variant.Key), hour.Key, hour.Value)))],
            engine.ReadVariants());
    }

    private static DashboardQuality Describe(DateTimeOffset from, QualitySums sums) => new(
        from,
        (int)sums.Tested,
        Share(sums.Hits, sums.Tested),
        Share(sums.Gain, sums.Tested),
        Share(sums.PopularityHits, sums.Tested),
        Share(sums.PopularityGain, sums.Tested));

    private static double Share(double sum, long tested) => tested == 0 ? 0 : sum / tested;

    private static List<DashboardCount> Classes(IEnumerable<string> names) =>
        [.. names.GroupBy(name => name).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MostClasses)
            .Select(g => new DashboardCount(g.Key, g.Count()))];

    private static List<DashboardCount> Series(SortedDictionary<long, long> minutes, long lastMinute)
    {
        var first = Math.Max(lastMinute - Minutes + 1, minutes.Keys.FirstOrDefault(m => m > lastMinute - Minutes, lastMinute));
        var series = new List<DashboardCount>();
        for (var minute = first; minute <= lastMinute; minute++)
        {
            var at = DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(minute);
            series.Add(new DashboardCount(at.ToString("yyyy-MM-dd'T'HH:mm'Z'"), minutes.GetValueOrDefault(minute)));
        }

        return series;
    }

    private static void Sum<TKey, TValue>(SortedDictionary<TKey, TValue> into, IReadOnlyDictionary<TKey, TValue> from, Func<TValue, TValue, TValue> add)
        where TKey : notnull
    {
        foreach (var (key, value) in from)
        {
            into[key] = into.TryGetValue(key, out var known) ? add(known, value) : value;
        }
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
