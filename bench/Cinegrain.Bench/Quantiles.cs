namespace Cinegrain.Bench;

/// <summary>Latencies in microseconds.</summary>
internal sealed class Quantiles
{
    private readonly List<double> _values = [];

    public void Add(TimeSpan elapsed) => _values.Add(elapsed.TotalMicroseconds);

    public double Median => At(0.5);

    public double P99 => At(0.99);

    public int Count => _values.Count;

    public override string ToString() => $"p50 {Median:N0} µs, p99 {P99:N0} µs, {Count:N0} samples";

    private double At(double quantile)
    {
        _values.Sort();
        return _values.Count == 0 ? double.NaN : _values[Math.Max(0, (int)Math.Ceiling(_values.Count * quantile) - 1)];
    }
}
