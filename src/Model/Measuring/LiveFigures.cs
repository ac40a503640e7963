namespace Cinegrain.Model.Measuring;

/// <summary>How a host does at one moment, over everything that learns in it.</summary>
/// <param name="Sums">Sums over the interactions.</param>
/// <param name="EventsPerSecond">Interactions learned a second, of late.</param>
/// <param name="FreshnessP50">Milliseconds from arrival to effect, median of the last interactions.</param>
/// <param name="FreshnessP99">The same, 99th percentile.</param>
/// <param name="Lag">Records of the log that are not applied.</param>
/// <param name="Movies">Movies of the catalogue.</param>
/// <param name="Variants">How each variant of the model did over the last 24 hours; variants without tests and lists are left out.</param>
public sealed record LiveFigures(
    PartitionStatistics Sums, double EventsPerSecond, double FreshnessP50, double FreshnessP99, long Lag, int Movies, IReadOnlyList<VariantQuality> Variants);
