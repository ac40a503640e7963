namespace Cinegrain.Model.Measuring;

/// <summary>How a variant of the model does live.</summary>
/// <param name="Tested">Events tested in the span.</param>
/// <param name="Recall">Recall@10.</param>
/// <param name="Ndcg">NDCG@10.</param>
/// <param name="PopularityRecall">Recall@10 of plain popularity on the same events.</param>
/// <param name="Coverage">Share of the catalogue on the last tested lists (<see cref="VariantMonitor"/>).</param>
/// <param name="Offered">Lists that were made for somebody to see, since the start of the process.</param>
/// <param name="ClickThrough">Share of them of which a movie was taken before the next list.</param>
public sealed record VariantQuality(
    ModelVariant Variant, long Tested, Estimate Recall, Estimate Ndcg, Estimate PopularityRecall, double Coverage, long Offered, Estimate ClickThrough)
{
    /// <summary>Name of a variant, in metrics, documents and on the dashboard.</summary>
    public static string NameOf(ModelVariant variant) => variant == ModelVariant.Stage1 ? "stage1" : "stage2";

    /// <summary>How each variant did over the last 24 hours of arrival; those without tests and lists are left out.</summary>
    /// <param name="sums">Sums of the tests.</param>
    /// <param name="now">End of the span.</param>
    /// <param name="notes">What was noted of a variant's lists.</param>
    /// <param name="catalogue">Movies of the catalogue.</param>
    public static IReadOnlyList<VariantQuality> OfLastDay(PartitionStatistics sums, DateTimeOffset now, Func<ModelVariant, VariantNotes> notes, int catalogue)
    {
        var after = (now.ToUnixTimeSeconds() / 3600) - 24;
        return
        [
            .. Enum.GetValues<ModelVariant>()
                .Select(variant => Of(
                    variant,
                    sums.QualityHours(variant).Where(hour => hour.Key > after).Aggregate(default(QualitySums), static (sum, hour) => sum + hour.Value),
                    notes(variant),
                    catalogue))
                .Where(quality => quality.Tested > 0 || quality.Offered > 0),
        ];
    }

    /// <summary>Puts together the sums of the tests and what was noted of the lists.</summary>
    public static VariantQuality Of(ModelVariant variant, QualitySums sums, VariantNotes notes, int catalogue) => new(
        variant,
        sums.Tested,
        Estimate.OfShare(sums.Hits, sums.Tested),
        Estimate.OfMean(sums.Gain, sums.GainSquares, sums.Tested),
        Estimate.OfShare(sums.PopularityHits, sums.Tested),
        catalogue == 0 ? 0 : Math.Min(1, notes.Covered / (double)catalogue),
        notes.Offered,
        Estimate.OfShare(notes.Followed, notes.Offered));
}
