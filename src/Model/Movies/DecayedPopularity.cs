using System.Runtime.CompilerServices;

namespace Cinegrain.Model.Movies;

/// <summary>
/// Interactions decayed with each of the time constants of <see cref="ModelConstants.PopularityDays"/>: P = Σ e^(−(T − t)/τ) over the event times t,
/// relative to the latest event time T. Events may come in any order: an earlier one adds its decayed share, so the result is the same
/// but for rounding (design 4.6).
/// </summary>
internal struct DecayedPopularity
{
    private Values _values;

    /// <summary>Latest event time in Unix seconds; 0 when there is none.</summary>
    public long LatestSeconds { get; private set; }

    public void Add(long seconds)
    {
        if (LatestSeconds == 0)
        {
            LatestSeconds = seconds;
        }

        var days = (seconds - LatestSeconds) / 86400.0;
        for (var i = 0; i < ModelConstants.PopularityDays.Length; i++)
        {
            var factor = Math.Exp(-Math.Abs(days) / ModelConstants.PopularityDays[i]);
            _values[i] = days > 0 ? (_values[i] * factor) + 1 : _values[i] + factor;
        }

        LatestSeconds = Math.Max(LatestSeconds, seconds);
    }

    /// <summary>Popularity at the latest event time.</summary>
    public readonly double this[int constant] => _values[constant];

    public static DecayedPopularity Restore(long latestSeconds, ReadOnlySpan<double> values)
    {
        var popularity = new DecayedPopularity { LatestSeconds = latestSeconds };
        values.CopyTo(popularity._values);
        return popularity;
    }

    [InlineArray(6)]
    private struct Values
    {
        private double _first;
    }
}
