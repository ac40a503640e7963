namespace Cinegrain.Model.Catalogue;

/// <summary>
/// One decayed quantity of every movie, all relative to one reference time, so that their ratios need no clock: since all decay at one rate,
/// x_j(t) / max x(t) is the same at every t. The reference moves on before an exponent grows large.
/// </summary>
internal sealed class DecayedColumn(double timeConstantSeconds)
{
    // e^40 leaves a float room for sums; what is 40 time constants older than the reference is as good as 0.
    private const double LargestExponent = 40;

    private float[] _values = [];
    private long _reference;

    public float[] Values => _values;

    public float Maximum { get; private set; }

    public void Resize(int capacity) => Array.Resize(ref _values, capacity);

    /// <summary>Sets a movie's value as of a time; true when the maximum, or every value, changed.</summary>
    public bool Set(int movie, double value, long seconds)
    {
        var changed = false;
        if (_reference == 0)
        {
            _reference = seconds;
        }

        var exponent = (seconds - _reference) / timeConstantSeconds;
        if (exponent > LargestExponent)
        {
            var factor = (float)Math.Exp(-exponent);
            foreach (ref var other in _values.AsSpan())
            {
                other *= factor;
            }

            Maximum *= factor;
            _reference = seconds;
            exponent = 0;
            changed = true;
        }

        var scaled = (float)(value * Math.Exp(exponent));
        _values[movie] = scaled;
        if (scaled > Maximum)
        {
            Maximum = scaled;
            changed = true;
        }

        return changed;
    }

    /// <summary>Factor that takes a value of the column to its size at a time.</summary>
    public double FactorAt(long seconds) => _reference == 0 ? 0 : Math.Exp((_reference - seconds) / timeConstantSeconds);
}
