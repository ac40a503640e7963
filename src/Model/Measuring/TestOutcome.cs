namespace Cinegrain.Model.Measuring;

/// <summary>
/// What test-then-learn found for one event: where the event's movie stood, from 0, in the ranking made just before the event was learned, and in
/// that of plain decayed popularity; beyond the first ten does not count. The variant is the one that made the ranking.
/// </summary>
public readonly record struct TestOutcome(int Rank, int PopularityRank, ModelVariant Variant = ModelVariant.Stage2)
{
    /// <summary>Length of the list that is tested.</summary>
    public const int ListLength = 10;

    /// <summary>1 when a rank is within the list.</summary>
    public static int Hit(int rank) => rank < ListLength ? 1 : 0;

    /// <summary>NDCG@10 with one relevant movie: 1 / log₂(rank + 2) within the list (Järvelin and Kekäläinen 2002).</summary>
    public static double Gain(int rank) => rank < ListLength ? 1 / Math.Log2(rank + 2) : 0;
}
