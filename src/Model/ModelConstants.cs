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

    /// <summary>Decay, in events, of the weight of a preceding movie in the channel of what is taken next.</summary>
    public const double NextDecay = 2;

    /// <summary>Decay, in seconds, of the weight of a preceding movie in the channel of what is taken within minutes.</summary>
    public const double NearDecaySeconds = 120;

    /// <summary>Preference from which a movie counts as liked: that of 4 stars.</summary>
    public const double LikedPreference = 0.5;

    /// <summary>Co-occurrence weights are integers in units of 1/256, so that their sums commute.</summary>
    public const int FixedPoint = 256;

    /// <summary>Entries at which the list of movies that lead here is pruned, and to how many.</summary>
    public const int InLimit = 500, InKept = 400;

    /// <summary>Entries at which the list of movies that were taken before is pruned, and to how many.</summary>
    public const int OutLimit = 312, OutKept = 250;

    /// <summary>Exponent of the popularity that divides an entry when lists are pruned and scored, and its offset.</summary>
    public const double PopularityExponent = 0.4, PopularityOffset = 3;

    /// <summary>
    /// Time constants of the decayed popularities, in days. The first <see cref="BlendPopularities"/> are features of stage 1, the rest of stage 2 alone.
    /// </summary>
    public static readonly double[] PopularityDays = [1, 7, 90, 365, 1 / 24.0, 14];

    /// <summary>Popularities that stage 1 weighs.</summary>
    public const int BlendPopularities = 4;

    /// <summary>Buckets of the length of a user's history, min(7, ⌊log₂(1 + m)⌋), by which a movie counts who takes it.</summary>
    public const int LengthBuckets = 8;

    /// <summary>Bucket of a history of m movies.</summary>
    public static int LengthBucket(int movies) => Math.Min(LengthBuckets - 1, System.Numerics.BitOperations.Log2((uint)movies + 1));
}
