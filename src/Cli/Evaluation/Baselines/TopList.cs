using System.Numerics;

namespace Cinegrain.Cli.Evaluation.Baselines;

/// <summary>Selects the best by score.</summary>
internal static class TopList
{
    /// <summary>
    /// The movies of the highest scores that the user has not, best first; ties go to the smaller number. What has no score above
    /// <paramref name="floor"/> is not recommended.
    /// </summary>
    /// <returns>Length of the list.</returns>
    public static int Select(ReadOnlySpan<float> scores, float floor, Audience audience, int user, Span<int> list)
    {
        Span<float> best = stackalloc float[IMethod.ListLength];
        var found = 0;
        var threshold = floor;
        var movie = 0;
        while (movie < scores.Length)
        {
            if (movie + Vector<float>.Count <= scores.Length
                && !Vector.GreaterThanAny(new Vector<float>(scores[movie..]), new Vector<float>(threshold)))
            {
                movie += Vector<float>.Count;
                continue;
            }

            for (var end = Math.Min(scores.Length, movie + Vector<float>.Count); movie < end; movie++)
            {
                var score = scores[movie];
                if (!(score > threshold) || audience.Has(user, movie))
                {
                    continue;
                }

                var place = Math.Min(found, IMethod.ListLength - 1);
                while (place > 0 && score > best[place - 1])
                {
                    best[place] = best[place - 1];
                    list[place] = list[place - 1];
                    place--;
                }

                (best[place], list[place]) = (score, movie);
                found = Math.Min(found + 1, IMethod.ListLength);
                threshold = found == IMethod.ListLength ? best[^1] : floor;
            }
        }

        return found;
    }
}
