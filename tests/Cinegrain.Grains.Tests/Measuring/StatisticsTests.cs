using Cinegrain.Grains.Tests.Support;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Orleans.Concurrency;
using Xunit;

namespace Cinegrain.Grains.Tests.Measuring;

/// <summary>What silos count, gathered in one place.</summary>
public sealed class StatisticsTests
{
    [ClusterFact]
    public async Task Report_Repeated_CountsEachBatchOnceAndTheLastIsStoredAtOnce()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        var statistics = cluster.Grains.GetGrain<IStatisticsGrain>(0);
        var sums = new PartitionStatistics();
        sums.CountUser();
        sums.Count(
            GrainCluster.Interaction("user-1", GrainCluster.Catalogue[0].Id, InteractionKind.Rate, 4.5, DateTimeOffset.UnixEpoch.AddYears(50), "a"), 0);
        var report = new SiloReport
        {
            Silo = "silo-1",
            Batch = 1,
            Sums = sums.ToBytes(),
            EventsPerSecond = 2.5,
            Freshness = [3, 1, 2],
            Lag = 7,
            Movies = 11,
            Variants = [new VariantReport(4, 3, 2), new VariantReport(1, 0, 0)],
        };

        await statistics.ReportAsync(new(report));
        await statistics.ReportAsync(new(report with { Silo = "silo-2", Freshness = [9], Variants = [new VariantReport(6, 1, 1)] }));
        await statistics.ReportAsync(new(report));

        var figures = await ClusterFigures.ReadAsync(cluster.Grains, DateTimeOffset.UtcNow);
        Assert.Equal((2, 2, 2), (figures.Sums.Users, figures.Sums.Interactions, figures.Sums.Ratings[8]));
        Assert.Equal((5.0, 11), (figures.EventsPerSecond, figures.Movies));

        // The real silo adds its own.
        Assert.InRange(figures.Lag, 14, long.MaxValue);
        Assert.Equal((3.0, 9.0), (figures.FreshnessP50, figures.FreshnessP99));
        var variant = Assert.Single(figures.Variants);
        Assert.Equal((0, 4, 6 / 11.0), (variant.Tested, variant.Offered, variant.Coverage));
        Assert.Equal(2, await statistics.ReportAsync(new(report with { Batch = 2, IsLast = true })));

        // Who has left adds to the sums alone.
        figures = await ClusterFigures.ReadAsync(cluster.Grains, DateTimeOffset.UtcNow);
        Assert.Equal((3, 2.5), (figures.Sums.Interactions, figures.EventsPerSecond));
    }
}
