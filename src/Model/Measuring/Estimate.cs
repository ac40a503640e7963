namespace Cinegrain.Model.Measuring;

/// <summary>A mean with the bounds of its 95 % confidence interval.</summary>
public readonly record struct Estimate(double Value, double Low, double High)
{
    private const double Z = 1.959964;

    /// <summary>A share: Wilson's score interval (1927), which holds for few tests and for shares near 0.</summary>
    public static Estimate OfShare(long successes, long tests)
    {
        if (tests == 0)
        {
            return new(0, 0, 1);
        }

        var share = successes / (double)tests;
        var centre = share + (Z * Z / (2 * tests));
        var width = Z * Math.Sqrt((share * (1 - share) / tests) + (Z * Z / (4.0 * tests * tests)));
        var scale = 1 + (Z * Z / tests);
        return new(share, Math.Max(0, (centre - width) / scale), Math.Min(1, (centre + width) / scale));
    }

    /// <summary>A mean of numbers from 0 to 1, from their sum and the sum of their squares: the normal interval.</summary>
    public static Estimate OfMean(double sum, double squares, long count)
    {
        if (count < 2)
        {
            return new(count == 0 ? 0 : sum, 0, 1);
        }

        var mean = sum / count;
        var width = Z * Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean)) / (count - 1));
        return new(mean, Math.Max(0, mean - width), Math.Min(1, mean + width));
    }
}
