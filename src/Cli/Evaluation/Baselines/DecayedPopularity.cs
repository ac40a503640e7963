using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation.Baselines;

/// <summary>The most taken movies, each event fading as e^(−age / time constant).</summary>
internal sealed class DecayedPopularity(RatingData data, Audience audience, double days) : IMethod
{
    private const double DaySeconds = 86400;

    // All fade alike, so instead a later event weighs more; beyond e^60 all weights are scaled back.
    private const double HighestExponent = 60;

    private readonly float[] _weights = new float[data.Movies.Count];
    private long _origin = long.MinValue;

    /// <summary>Time constants that are tried, in days; the best is shown.</summary>
    public static IReadOnlyList<double> Candidates { get; } = [1, 7, 30, 90, 365, 1000];

    public string Name => $"Decayed popularity ({days:0.#} d)";

    public int TestThenLearn(in Rating rating, bool listed, Span<int> list)
    {
        var length = listed ? TopList.Select(_weights, 0, audience, rating.User, list) : 0;
        if (_origin == long.MinValue)
        {
            _origin = rating.Seconds;
        }

        var exponent = (rating.Seconds - _origin) / (days * DaySeconds);
        if (exponent > HighestExponent)
        {
            var factor = Math.Exp(-exponent);
            foreach (ref var weight in _weights.AsSpan())
            {
                weight = (float)(weight * factor);
            }

            (_origin, exponent) = (rating.Seconds, 0);
        }

        _weights[rating.Movie] += (float)Math.Exp(exponent);
        return length;
    }

    public void Dispose()
    {
    }
}
