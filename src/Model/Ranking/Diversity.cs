using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Maximal marginal relevance (Carbonell and Goldstein 1998): takes, one after the other, the candidate with the highest
/// (1 − λ) · relevance − λ · (similarity to the most similar one taken); relevance is the score scaled to 0…1 over the candidates, similarity is
/// that of the content (<see cref="ContentNeighbours"/>).
/// </summary>
internal static class Diversity
{
    public static int[] Choose(CatalogueView view, ReadOnlySpan<int> candidates, ReadOnlySpan<float> scores, int count, double lambda)
    {
        count = Math.Min(count, candidates.Length);
        var chosen = new int[count];
        if (count == 0)
        {
            return chosen;
        }

        var closest = new double[candidates.Length];
        var taken = new bool[candidates.Length];
        var range = Math.Max(scores[0] - scores[^1], 1e-6f);
        for (var place = 0; place < count; place++)
        {
            var best = -1;
            var bestValue = double.NegativeInfinity;
            for (var i = 0; i < candidates.Length; i++)
            {
                var value = ((1 - lambda) * (scores[i] - scores[^1]) / range) - (lambda * closest[i]);

                // The candidates come best first, so the first of equals is the better one.
                if (!taken[i] && value > bestValue)
                {
                    (best, bestValue) = (i, value);
                }
            }

            taken[best] = true;
            chosen[place] = candidates[best];
            for (var i = 0; i < candidates.Length; i++)
            {
                if (!taken[i])
                {
                    closest[i] = Math.Max(closest[i], view.Content.Similarity(candidates[i], candidates[best]));
                }
            }
        }

        return chosen;
    }
}
