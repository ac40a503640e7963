using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>Gathers what the silos count, so that one question tells how the cluster does; key = 0.</summary>
[Alias("Cinegrain.IStatisticsGrain")]
public interface IStatisticsGrain : IGrainWithIntegerKey
{
    /// <summary>Takes what a silo counted. Each silo reports once a second.</summary>
    /// <returns>Number of the silo's last batch that is stored; until then the silo reports the same batch.</returns>
    [Alias("Report")]
    Task<long> ReportAsync(Immutable<SiloReport> report);

    /// <summary>How the cluster does.</summary>
    [Alias("Read")]
    Task<ClusterReport> ReadAsync();
}

/// <summary>What a silo counted and how it does.</summary>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.SiloReport")]
public sealed record SiloReport
{
    /// <summary>The silo, in this life of it.</summary>
    [Id(0)]
    public required string Silo { get; init; }

    /// <summary>Number of the batch, from 1; 0 when there is none.</summary>
    [Id(1)]
    public required long Batch { get; init; }

    /// <summary>What was counted since the batch before (<see cref="Model.Measuring.PartitionStatistics.ToBytes"/>).</summary>
    [Id(2)]
    public required byte[] Sums { get; init; }

    /// <summary>Interactions learned a second, of late.</summary>
    [Id(3)]
    public required double EventsPerSecond { get; init; }

    /// <summary>Milliseconds from arrival to effect of some of the last interactions.</summary>
    [Id(4)]
    public required double[] Freshness { get; init; }

    /// <summary>Records that wait, of the partitions that the silo reads.</summary>
    [Id(5)]
    public required long Lag { get; init; }

    /// <summary>Movies of the silo's view.</summary>
    [Id(6)]
    public required int Movies { get; init; }

    /// <summary>What the silo noted of the lists of each variant of the model.</summary>
    [Id(7)]
    public required VariantReport[] Variants { get; init; }

    /// <summary>True for the last report of a silo that stops: it is stored at once.</summary>
    [Id(8)]
    public bool IsLast { get; init; }
}

/// <summary>How the cluster does.</summary>
/// <param name="Sums">Everything that was counted, ever.</param>
/// <param name="EventsPerSecond">Interactions learned a second, over all silos.</param>
/// <param name="FreshnessP50">Milliseconds, median over all silos.</param>
/// <param name="FreshnessP99">The same, 99th percentile.</param>
/// <param name="Lag">Records that wait, over all silos.</param>
/// <param name="Movies">Movies of the catalogue.</param>
/// <param name="Variants">What was noted of the lists of each variant.</param>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.ClusterReport")]
public sealed record ClusterReport(
    [property: Id(0)] byte[] Sums,
    [property: Id(1)] double EventsPerSecond,
    [property: Id(2)] double FreshnessP50,
    [property: Id(3)] double FreshnessP99,
    [property: Id(4)] long Lag,
    [property: Id(5)] int Movies,
    [property: Id(6)] VariantReport[] Variants);

/// <summary>What was noted of the lists of a variant of the model: see <see cref="Model.Measuring.VariantNotes"/>.</summary>
[GenerateSerializer]
[Alias("Cinegrain.VariantReport")]
public readonly record struct VariantReport([property: Id(0)] int Covered, [property: Id(1)] long Offered, [property: Id(2)] long Followed);
