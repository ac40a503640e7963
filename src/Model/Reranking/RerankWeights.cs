using System.Runtime.Intrinsics;

namespace Cinegrain.Model.Reranking;

/// <summary>
/// Weights of stage 2: score_j = Σ_c (L_c + V_{b,c}) f_cj + Σ_q w2_q act(b1_q + Σ_c f_cj W1_{c,q}) + x · O_j, b the bucket of stage 1, act the leaky rectifier
/// with slope .1 (Maas, Hannun and Ng 2013), x = z Σ_d d^−½ E[h_d], z = (Σ_d d^−½)^−½ over the last movies of the history. Read only to whoever ranks.
/// </summary>
public sealed class RerankWeights
{
    /// <summary>Hidden units.</summary>
    internal const int Hidden = 16;

    /// <summary>Numbers of an embedding.</summary>
    internal const int Dimensions = 16;

    /// <summary>Per movie: E, then O.</summary>
    internal const int Row = 2 * Dimensions;

    internal const float Slope = 0.1f;

    private const int Lanes = 8;

    /// <summary>Distances of the history's movies, d^−½.</summary>
    internal static readonly float[] Distances = [.. Enumerable.Range(1, RerankFeatures.Length).Select(d => (float)(1 / Math.Sqrt(d)))];

    /// <summary>z = (Σ d^−½)^−½ of a history, by its length.</summary>
    internal static readonly float[] Scales = [.. Enumerable.Range(0, RerankFeatures.Length + 1).Select(ScaleOf)];

    private readonly RerankParameters _parameters;

    internal RerankWeights(RerankParameters parameters) => _parameters = parameters;

    /// <summary>Weights before anything was learned: the order of stage 1.</summary>
    public static RerankWeights Start { get; } = new(new RerankParameters([]));

    /// <summary>Features that are left out.</summary>
    internal IReadOnlyList<int> Ablated => _parameters.Ablated;

    internal float Calibration(int movie) => _parameters.Calibration(movie);

    /// <summary>Sum of the probabilities that a movie was given as a candidate.</summary>
    internal float Exposure(int movie) => _parameters.Exposure(movie);

    /// <summary>Scores the candidates of a table.</summary>
    /// <param name="scores">At least <see cref="CandidateTable.Stride"/> long; what is beyond the candidates means nothing.</param>
    internal void Score(CandidateTable table, int bucket, Span<float> scores)
    {
        Span<float> query = stackalloc float[Dimensions];
        _parameters.Query(table.History.AsSpan(0, table.HistoryCount), query);
        Score(_parameters, table.Features, table.Movies.AsSpan(0, table.Count), bucket, query, default, scores);
    }

    /// <summary>
    /// What lifts a candidate over the average one, whose features and embedding are the means over the candidates: score_j − score of the average =
    /// Σ features + Σ history, exactly. Integrated gradients (Sundararajan, Taly and Yan 2017) along the straight line from the average to the candidate;
    /// since the input z of a hidden unit moves along it linearly, from z₀ to z₁, the integral of its slope is (act(z₁) − act(z₀)) / (z₁ − z₀).
    /// </summary>
    /// <param name="candidate">Place in the table.</param>
    /// <param name="features">Takes the part of each feature.</param>
    /// <param name="history">Takes the part of each movie of the history, by the embeddings.</param>
    internal void Attribute(CandidateTable table, int bucket, int candidate, Span<double> features, Span<double> history)
    {
        Span<double> mean = stackalloc double[RerankFeatures.Number];
        Span<double> difference = stackalloc double[RerankFeatures.Number];
        for (var c = 0; c < mean.Length; c++)
        {
            mean[c] = table.Mean(c);
            difference[c] = table.Column(c)[candidate] - mean[c];
            features[c] = difference[c] * (_parameters.Linear[c] + _parameters.PerBucket[(bucket * RerankFeatures.Number) + c]);
        }

        for (var q = 0; q < Hidden; q++)
        {
            var weights = _parameters.HiddenWeights.AsSpan(q * RerankFeatures.Number, RerankFeatures.Number);
            double from = _parameters.HiddenBias[q], way = 0;
            for (var c = 0; c < mean.Length; c++)
            {
                from += weights[c] * mean[c];
                way += weights[c] * difference[c];
            }

            var slope = way == 0 ? 0 : (Activate(from + way) - Activate(from)) / way;
            for (var c = 0; c < mean.Length; c++)
            {
                features[c] += _parameters.OutputWeights[q] * slope * weights[c] * difference[c];
            }
        }

        _parameters.AttributeAffinity(table, candidate, history);
    }

    /// <summary>Score of the average candidate: mean features, mean embedding.</summary>
    internal double ScoreOfAverage(CandidateTable table, int bucket)
    {
        var score = 0.0;
        Span<double> mean = stackalloc double[RerankFeatures.Number];
        for (var c = 0; c < mean.Length; c++)
        {
            mean[c] = table.Mean(c);
            score += mean[c] * (_parameters.Linear[c] + _parameters.PerBucket[(bucket * RerankFeatures.Number) + c]);
        }

        for (var q = 0; q < Hidden; q++)
        {
            double z = _parameters.HiddenBias[q];
            for (var c = 0; c < mean.Length; c++)
            {
                z += _parameters.HiddenWeights[(q * RerankFeatures.Number) + c] * mean[c];
            }

            score += _parameters.OutputWeights[q] * Activate(z);
        }

        Span<float> query = stackalloc float[Dimensions];
        _parameters.Query(table.History.AsSpan(0, table.HistoryCount), query);
        for (var j = 0; j < table.Count; j++)
        {
            score += _parameters.Affinity(query, table.Movies[j]) / (double)table.Count;
        }

        return score;
    }

    private static float ScaleOf(int length)
    {
        var sum = 0f;
        foreach (var distance in Distances.AsSpan(0, length))
        {
            sum += distance;
        }

        return length == 0 ? 0 : 1 / MathF.Sqrt(sum);
    }

    private static double Activate(double z) => Math.Max(z, Slope * z);

    /// <param name="query">x.</param>
    /// <param name="activations">Takes the inputs of the hidden units, a column each; empty when nobody wants them.</param>
    internal static void Score(
        RerankParameters parameters, ReadOnlySpan<float> features, ReadOnlySpan<int> movies, int bucket, ReadOnlySpan<float> query, Span<float> activations,
        Span<float> scores)
    {
        const int stride = CandidateTable.Stride;
        Span<float> linear = stackalloc float[RerankFeatures.Number];
        for (var c = 0; c < linear.Length; c++)
        {
            linear[c] = parameters.Linear[c] + parameters.PerBucket[(bucket * RerankFeatures.Number) + c];
        }

        Span<float> inner = stackalloc float[stride];
        for (var at = 0; at < stride; at += Lanes)
        {
            var sum = Vector256<float>.Zero;
            for (var c = 0; c < linear.Length; c++)
            {
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(linear[c]), Vector256.Create(features[((c * stride) + at)..]), sum);
            }

            sum.CopyTo(scores[at..]);
        }

        for (var q = 0; q < Hidden; q++)
        {
            var into = activations.IsEmpty ? inner : activations.Slice(q * stride, stride);
            for (var at = 0; at < stride; at += Lanes)
            {
                var z = Vector256.Create(parameters.HiddenBias[q]);
                for (var c = 0; c < linear.Length; c++)
                {
                    z = Vector256.FusedMultiplyAdd(
                        Vector256.Create(parameters.HiddenWeights[(q * RerankFeatures.Number) + c]), Vector256.Create(features[((c * stride) + at)..]), z);
                }

                z.CopyTo(into[at..]);
                var act = Vector256.Max(z, z * Vector256.Create(Slope));
                Vector256.FusedMultiplyAdd(Vector256.Create(parameters.OutputWeights[q]), act, Vector256.Create<float>(scores[at..])).CopyTo(scores[at..]);
            }
        }

        for (var j = 0; j < movies.Length; j++)
        {
            scores[j] += parameters.Affinity(query, movies[j]);
        }
    }
}
