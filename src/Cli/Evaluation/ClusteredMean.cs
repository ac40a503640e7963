namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// A mean over events with its standard error, users as clusters, since events of one user are alike: for the ratio r = Σs_u / Σn_u the variance is
/// U / (U − 1) · Σ(s_u − r·n_u)² / (Σn_u)² (Cochran 1977, section 6).
/// </summary>
internal sealed class ClusteredMean(int users)
{
    private readonly double[] _sums = new double[users];
    private readonly int[] _counts = new int[users];
    private double _sum;

    /// <summary>Events.</summary>
    public int Count { get; private set; }

    /// <summary>The mean; 0 without events.</summary>
    public double Value => Count > 0 ? _sum / Count : 0;

    /// <summary>Standard error of <see cref="Value"/>; 0 with fewer than two users.</summary>
    public double StandardError => ErrorOf(user => _sums[user], _sum);

    /// <summary>Takes an event.</summary>
    public void Add(int user, double value)
    {
        Count++;
        _sum += value;
        _sums[user] += value;
        _counts[user]++;
    }

    /// <summary>
    /// This mean less another over the same events, with the standard error of the difference, which is that of the events' differences: what is hard for
    /// both cancels.
    /// </summary>
    public (double Value, double StandardError) Less(ClusteredMean other) =>
        (Value - other.Value, ErrorOf(user => _sums[user] - other._sums[user], _sum - other._sum));

    private double ErrorOf(Func<int, double> sumOf, double total)
    {
        double squares = 0;
        var clusters = 0;
        for (var user = 0; user < _counts.Length; user++)
        {
            if (_counts[user] > 0)
            {
                clusters++;
                squares += Math.Pow(sumOf(user) - (total / Count * _counts[user]), 2);
            }
        }

        return clusters < 2 ? 0 : Math.Sqrt(squares * clusters / (clusters - 1)) / Count;
    }
}
