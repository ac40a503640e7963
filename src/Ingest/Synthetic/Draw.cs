using System.Runtime.CompilerServices;

namespace Cinegrain.Ingest.Synthetic;

/// <summary>
/// Numbers that depend on their keys alone: what is hidden in a viewer or a movie needs no memory. The mixing is the finaliser of
/// SplitMix64 (Steele, Lea, Flood 2014).
/// </summary>
internal static class Draw
{
    public static ulong Hash(ulong seed, ulong a, ulong b = 0) =>
        Mix(Mix(Mix(seed + 0x9E3779B97F4A7C15) ^ (a * 0xBF58476D1CE4E5B9)) ^ (b * 0x94D049BB133111EB));

    /// <summary>Uniform in (0, 1).</summary>
    public static double Uniform(ulong hash) => ((hash >> 12) + 0.5) * (1.0 / (1UL << 52));

    /// <summary>Of mean 0 and deviation 1, near to normal: the sum of four uniform 16-bit numbers.</summary>
    public static double Normal(ulong hash) =>
        ((hash & 0xFFFF) + ((hash >> 16) & 0xFFFF) + ((hash >> 32) & 0xFFFF) + (hash >> 48) - (2.0 * 0xFFFF)) / 37837.0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}

/// <summary>A stream of such numbers; the same seed gives the same stream on every platform.</summary>
internal struct DrawStream(ulong seed)
{
    private ulong _count;

    public double Uniform() => Draw.Uniform(Draw.Hash(seed, _count++));

    public double Normal() => Draw.Normal(Draw.Hash(seed, _count++));

    /// <summary>Uniform over 0 … below − 1.</summary>
    public int Below(int below) => (int)Math.BigMul(Draw.Hash(seed, _count++), (ulong)below, out _);
}
