namespace Cinegrain.Model.Ranking;

/// <summary>The features that the blend of stage 1 weighs, in the order of its weights (design section 5).</summary>
public static class Features
{
    /// <summary>Added to a share of the maximum before the logarithm, so that 0 has one.</summary>
    internal const float Floor = 0.05f;

    /// <summary>ln(.05 + S₃ / max S₃), the sequence score over the last 10 movies with a decay of 3.</summary>
    public const int Recent = 0;

    /// <summary>ln(.05 + S₁₅ / max S₁₅), the sequence score over the last 50 movies with a decay of 15.</summary>
    public const int Whole = 1;

    /// <summary>ln(.05 + N / max N) of the interactions ever; then the decayed popularities at 1, 7, 90 and 365 days likewise.</summary>
    public const int Count = 2, Day = 3, Week = 4, Quarter = 5, YearLong = 6;

    /// <summary>2 · cosine of the movie's genres with the recency-weighted genres of the history.</summary>
    public const int Genre = 7;

    /// <summary>−½ ln(1 + |Δyear| / 3) against the recency-weighted mean year of the history; −0.8 when a year is not known.</summary>
    public const int Era = 8;

    /// <summary>e^(−(days since first seen) / 30).</summary>
    public const int Fresh = 9;

    /// <summary>Number of features.</summary>
    public const int Number = 10;

    /// <summary>Names of the features, for tables and explanations.</summary>
    public static readonly string[] Names = ["recent", "whole", "count", "day", "week", "quarter", "year", "genre", "era", "fresh"];
}
