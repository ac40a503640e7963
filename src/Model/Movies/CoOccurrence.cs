using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Movies;

/// <summary>
/// Weight of one pair of movies in each channel, in units of 1/<see cref="ModelConstants.FixedPoint"/>: sums of integers, so the order of arrival does
/// not matter. A sum that would overflow stays at the largest.
/// </summary>
/// <param name="All">Every co-occurrence, by distance in events.</param>
/// <param name="Next">What was taken right after, forward only, by distance in events.</param>
/// <param name="Near">What was taken within minutes, by distance in time.</param>
/// <param name="Liked">As <paramref name="All"/>, where the movie that is led to was liked.</param>
internal readonly record struct CoOccurrence(int All, int Next, int Near, int Liked)
{
    public bool IsNone => All == 0;

    public static CoOccurrence operator +(CoOccurrence a, CoOccurrence b) =>
        new(Sum(a.All, b.All), Sum(a.Next, b.Next), Sum(a.Near, b.Near), Sum(a.Liked, b.Liked));

    /// <summary>
    /// The lowest four bits of the first number say which channels follow: most are 0, and where every movie that is led to was liked, liked is as all.
    /// </summary>
    public void Write(StateWriter writer)
    {
        var liked = Liked == 0 ? 0u : Liked == All ? LikedIsAll : HasLiked;
        writer.Unsigned(((ulong)All << 4) | (Next == 0 ? 0 : HasNext) | (Near == 0 ? 0 : HasNear) | liked);
        foreach (var channel in (ReadOnlySpan<int>)[Next, Near, liked == HasLiked ? Liked : 0])
        {
            if (channel != 0)
            {
                writer.Unsigned((ulong)channel);
            }
        }
    }

    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    public static CoOccurrence Read(ref StateReader reader)
    {
        var first = reader.Unsigned();
        if (first >> 4 > int.MaxValue)
        {
            throw new InvalidDataException("a stored movie is damaged: a weight is too large");
        }

        var all = (int)(first >> 4);
        var next = (first & HasNext) == 0 ? 0 : reader.Int32();
        var near = (first & HasNear) == 0 ? 0 : reader.Int32();
        return new(all, next, near, (first & LikedIsAll) != 0 ? all : (first & HasLiked) != 0 ? reader.Int32() : 0);
    }

    private const uint HasNext = 1, HasNear = 2, HasLiked = 4, LikedIsAll = 8;

    private static int Sum(int a, int b) => (int)Math.Min(int.MaxValue, (long)a + b);
}

/// <summary>The weights of a movie's entry; none when the entry left.</summary>
internal readonly record struct NeighbourEntry(int Movie, CoOccurrence Weight);
