using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Blending;

/// <summary>
/// An immutable snapshot of the blend's weights: a global set plus one per bucket (length of the history × pause since the last event).
/// </summary>
public sealed class BlendWeights
{
    /// <summary>Buckets: 4 lengths of history × 2 lengths of pause.</summary>
    public const int Buckets = 8;

    private const long SessionGapSeconds = 30 * 60;

    private readonly float[] _effective;

    internal BlendWeights(ReadOnlySpan<double> global, ReadOnlySpan<double> perBucket)
    {
        _effective = new float[Buckets * Features.Number];
        for (var i = 0; i < _effective.Length; i++)
        {
            _effective[i] = (float)(global[i % Features.Number] + perBucket[i]);
        }
    }

    /// <summary>Weights before anything was learned: sequence 0.5 and 0.3, popularities 0.1, genre 0.2, year 0.1, the rest 0.</summary>
    public static BlendWeights Start { get; } = new(StartGlobal, new double[Buckets * Features.Number]);

    internal static ReadOnlySpan<double> StartGlobal => [0.5, 0.3, 0, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0];

    /// <summary>Weights of a bucket, by feature.</summary>
    public ReadOnlySpan<float> Of(int bucket) => _effective.AsSpan(bucket * Features.Number, Features.Number);

    /// <summary>Bucket of a moment: history shorter than 3, 10, 40 or more; pause over 30 minutes or not.</summary>
    public static int Bucket(int historyLength, long pauseSeconds)
    {
        var length = historyLength < 3 ? 0 : historyLength < 10 ? 1 : historyLength < 40 ? 2 : 3;
        return (length * 2) + (pauseSeconds > SessionGapSeconds ? 1 : 0);
    }
}
