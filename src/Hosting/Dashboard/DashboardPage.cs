using Cinegrain.Api;
using Cinegrain.Elasticsearch;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Hosting;

/// <summary>What the dashboard page and Kibana show, from the figures of a host of either kind.</summary>
public static class DashboardPage
{
    /// <summary>Movies of its charts.</summary>
    public const int Listed = 10;

    private const int MostClasses = 20, Minutes = 120;

    /// <summary>Puts the page together.</summary>
    /// <param name="figures">How the host does.</param>
    /// <param name="movies">The catalogue.</param>
    /// <param name="rejected">Refused input by reason, the most frequent first.</param>
    /// <param name="popular">The most taken movies.</param>
    /// <param name="trending">Those that stand out.</param>
    /// <param name="now">The time.</param>
    public static DashboardData Of(
        LiveFigures figures,
        IReadOnlyCollection<MovieMetadata> movies,
        IEnumerable<(string Reason, long Count)> rejected,
        IReadOnlyList<ScoredMovie> popular,
        IReadOnlyList<ScoredMovie> trending,
        DateTimeOffset now)
    {
        var sums = figures.Sums;

        // By the minute while everything is recent, else by the hour.
        var hours = new SortedDictionary<long, QualitySums>();
        foreach (var (hour, quality) in Enum.GetValues<ModelVariant>().SelectMany(variant => sums.QualityHours(variant)))
        {
            hours[hour] = hours.GetValueOrDefault(hour) + quality;
        }

        var (series, unit) = hours.Count > 3 ? (hours, TimeSpan.FromHours(1)) : (sums.QualityMinutes, TimeSpan.FromMinutes(1));
        return new DashboardData
        {
            Users = sums.Users,
            Movies = movies.Count,
            Interactions = sums.Interactions,
            EventsPerSecond = figures.EventsPerSecond,
            FreshnessP50 = figures.FreshnessP50,
            FreshnessP99 = figures.FreshnessP99,
            Lag = figures.Lag,
            MoviesByYear = [.. movies.Where(m => m.Year is not null).GroupBy(m => m.Year!.Value).OrderBy(g => g.Key).Select(g => new DashboardCount($"{g.Key}", g.Count()))],
            Genres = Classes(movies.SelectMany(m => m.Genres)),
            Languages = Classes(movies.Select(m => m.Language).OfType<string>()),
            Ratings = [.. sums.Ratings.Select((count, i) => new DashboardCount($"{(i + 1) / 2.0:0.0}", count))],
            InteractionsByMinute = Series(sums.ArrivalMinutes, now.ToUnixTimeSeconds() / 60),
            InteractionsByMonth = [.. sums.Months.Select(m => new DashboardCount($"{m.Key / 12:0000}-{(m.Key % 12) + 1:00}", m.Value))],
            Rejected = [.. rejected.Select(r => new DashboardCount(r.Reason, r.Count))],
            Quality = [.. series.Select(q => Describe(DateTimeOffset.UnixEpoch + (unit * q.Key), q.Value))],
            Variants = [.. figures.Variants.Select(Describe)],
            Popular = popular,
            Trending = trending,
        };
    }

    /// <summary>The same for Elasticsearch, without what Kibana counts itself.</summary>
    public static MetricSample Sample(LiveFigures figures) => new(
        figures.Sums.Interactions,
        figures.EventsPerSecond,
        figures.FreshnessP50,
        figures.FreshnessP99,
        figures.Lag,
        figures.Sums.Users,
        figures.Movies,
        figures.Sums.QualityMinutes,
        [
            .. Enum.GetValues<ModelVariant>().SelectMany(variant => figures.Sums.QualityHours(variant)
                .Select(hour => new VariantHour(VariantQuality.NameOf(variant), hour.Key, hour.Value))),
        ],
        figures.Variants);

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

    private static List<DashboardCount> Series(IReadOnlyDictionary<long, long> minutes, long lastMinute)
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
}
