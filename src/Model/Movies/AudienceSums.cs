using System.Runtime.CompilerServices;
using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Movies;

/// <summary>Who takes a movie, and how they like it: integer sums over its interactions, so the order of arrival does not matter.</summary>
internal struct AudienceSums
{
    private const double Unit = 1 << 12;

    private Counts _lengths;
    private long _preference, _logLength;

    /// <summary>Sum of the preferences, −1 to 1 each.</summary>
    public readonly double Preference => _preference / Unit;

    /// <summary>Σ ln(1 + m), m being the movies that each user had taken before.</summary>
    public readonly double LogLength => _logLength / Unit;

    /// <summary>Interactions of users with a history in a bucket (<see cref="ModelConstants.LengthBucket"/>).</summary>
    public readonly int Length(int bucket) => _lengths[bucket];

    public void Add(double preference, int history)
    {
        _preference += (long)Math.Round(preference * Unit);
        _logLength += (long)Math.Round(Math.Log(1.0 + history) * Unit);
        _lengths[ModelConstants.LengthBucket(history)]++;
    }

    public void Add(in AudienceSums other, int sign)
    {
        _preference += sign * other._preference;
        _logLength += sign * other._logLength;
        for (var i = 0; i < ModelConstants.LengthBuckets; i++)
        {
            _lengths[i] += sign * other._lengths[i];
        }
    }

    public readonly void Write(StateWriter writer)
    {
        writer.Signed(_preference);
        writer.Signed(_logLength);
        for (var i = 0; i < ModelConstants.LengthBuckets; i++)
        {
            writer.Unsigned((ulong)_lengths[i]);
        }
    }

    public static AudienceSums Read(ref StateReader reader)
    {
        var sums = new AudienceSums { _preference = reader.Signed(), _logLength = reader.Signed() };
        for (var i = 0; i < ModelConstants.LengthBuckets; i++)
        {
            sums._lengths[i] = reader.Int32();
        }

        return sums;
    }

    [InlineArray(ModelConstants.LengthBuckets)]
    private struct Counts
    {
        private int _first;
    }
}
