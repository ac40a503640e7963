namespace Cinegrain.Model.Measuring;

/// <summary>The last samples of a quantity, for its quantiles. Safe for many threads.</summary>
public sealed class RecentSamples
{
    private const int Capacity = 4_096;

    private readonly Lock _gate = new();
    private readonly double[] _samples = new double[Capacity];
    private long _count;

    /// <summary>Adds a sample; the oldest goes when there are more than 4,096.</summary>
    public void Add(double sample)
    {
        lock (_gate)
        {
            _samples[_count++ % Capacity] = sample;
        }
    }

    /// <summary>The last samples, at most so many, in no particular order.</summary>
    public double[] Last(int most)
    {
        lock (_gate)
        {
            var taken = new double[(int)Math.Min(Math.Min(_count, Capacity), most)];
            for (var i = 0; i < taken.Length; i++)
            {
                taken[i] = _samples[(_count - 1 - i) % Capacity];
            }

            return taken;
        }
    }

    /// <summary>Median and 99th percentile of all samples that are kept; 0 when there are none.</summary>
    public (double Median, double P99) Quantiles() => Quantiles(Last(Capacity));

    /// <summary>Median and 99th percentile; 0 of none.</summary>
    /// <param name="samples">Are sorted.</param>
    public static (double Median, double P99) Quantiles(double[] samples)
    {
        if (samples.Length == 0)
        {
            return default;
        }

        Array.Sort(samples);
        return (samples[samples.Length / 2], samples[(int)Math.Ceiling(samples.Length * 0.99) - 1]);
    }
}
