namespace Cinegrain.Model;

/// <summary>Sizes and constants of the model. Where no source is named, they were measured by test-then-learn (docs/model.md).</summary>
public static class ModelConstants
{
    /// <summary>Movies that a user's ring remembers in order.</summary>
    public const int HistoryLength = 50;

    /// <summary>Preceding movies that one event is learned against.</summary>
    public const int ContextLength = 20;

    /// <summary>Decay of the weight of a preceding movie with its distance, in events.</summary>
    public const double ContextDecay = 30;

    /// <summary>Weight of the direction "later, then earlier" against "earlier, then later".</summary>
    public const double BackwardWeight = 0.8;

    /// <summary>Co-occurrence weights are integers in units of 1/256, so that their sums commute.</summary>
    public const int FixedPoint = 256;

    /// <summary>Entries at which the list of movies that lead here is pruned, and to how many.</summary>
    public const int InLimit = 500, InKept = 400;

    /// <summary>Entries at which the list of movies that were taken before is pruned, and to how many.</summary>
    public const int OutLimit = 312, OutKept = 250;

    /// <summary>Exponent of the popularity that divides an entry when lists are pruned and scored, and its offset.</summary>
    public const double PopularityExponent = 0.4, PopularityOffset = 3;

    /// <summary>Time constants of the decayed popularities, in days.</summary>
    public static readonly double[] PopularityDays = [1, 7, 90, 365];
}
