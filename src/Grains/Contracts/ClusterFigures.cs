using Cinegrain.Model.Measuring;

namespace Cinegrain.Grains;

/// <summary>Asks a cluster how it does.</summary>
public static class ClusterFigures
{
    /// <summary>Reads the figures of all silos.</summary>
    /// <param name="now">Ends the span of 24 hours that the variants are compared over.</param>
    public static async Task<LiveFigures> ReadAsync(IGrainFactory grains, DateTimeOffset now)
    {
        var report = await grains.GetGrain<IStatisticsGrain>(0).ReadAsync();
        var sums = PartitionStatistics.FromBytes(report.Sums);
        return new LiveFigures(
            sums,
            report.EventsPerSecond,
            report.FreshnessP50,
            report.FreshnessP99,
            report.Lag,
            report.Movies,
            VariantQuality.OfLastDay(
                sums,
                now,
                variant => (int)variant < report.Variants.Length ? report.Variants[(int)variant] is var v ? new VariantNotes(v.Covered, v.Offered, v.Followed) : default : default,
                report.Movies));
    }
}
