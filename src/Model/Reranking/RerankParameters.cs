using System.Runtime.Intrinsics;

namespace Cinegrain.Model.Reranking;

/// <summary>
/// The numbers that stage 2 learned, in arrays. Per movie (by handle): the embeddings E and O, and the calibration sums A and E. A movie that was never
/// a candidate nor in a history has none: its embedding counts as 0.
/// </summary>
internal sealed class RerankParameters
{
    private const float CalibrationPrior = 3;

    public RerankParameters(IReadOnlyList<int> ablated) => Ablated = ablated;

    public IReadOnlyList<int> Ablated { get; }

    public float[] Linear { get; init; } = StartLinear();

    /// <summary>By bucket, then feature.</summary>
    public float[] PerBucket { get; init; } = new float[Blending.BlendWeights.Buckets * RerankFeatures.Number];

    /// <summary>By hidden unit, then feature.</summary>
    public float[] HiddenWeights { get; init; } = new float[RerankWeights.Hidden * RerankFeatures.Number];

    public float[] HiddenBias { get; init; } = new float[RerankWeights.Hidden];

    public float[] OutputWeights { get; init; } = new float[RerankWeights.Hidden];

    /// <summary>By movie: E, then O.</summary>
    public float[] Embeddings { get; set; } = [];

    /// <summary>By movie: how often it was taken when it was a candidate, then the sum of the probabilities that it was given.</summary>
    public float[] Calibrations { get; set; } = [];

    /// <summary>Movies that there is room for.</summary>
    public int Capacity => Calibrations.Length / 2;

    public RerankParameters Copy() => new(Ablated)
    {
        Linear = [.. Linear],
        PerBucket = [.. PerBucket],
        HiddenWeights = [.. HiddenWeights],
        HiddenBias = [.. HiddenBias],
        OutputWeights = [.. OutputWeights],
        Embeddings = [.. Embeddings],
        Calibrations = [.. Calibrations],
    };

    public float Calibration(int movie) => movie < Capacity
        ? MathF.Log((Calibrations[2 * movie] + CalibrationPrior) / (Calibrations[(2 * movie) + 1] + CalibrationPrior))
        : 0;

    public float Exposure(int movie) => movie < Capacity ? Calibrations[(2 * movie) + 1] : 0;

    /// <summary>x = z Σ_d d^−½ E[h_d].</summary>
    public void Query(ReadOnlySpan<int> history, Span<float> query)
    {
        query.Clear();
        for (var d = 0; d < history.Length; d++)
        {
            if (history[d] < Capacity)
            {
                var e = Embeddings.AsSpan(history[d] * RerankWeights.Row, RerankWeights.Dimensions);
                for (var k = 0; k < e.Length; k++)
                {
                    query[k] += RerankWeights.Distances[d] * e[k];
                }
            }
        }

        foreach (ref var value in query)
        {
            value *= RerankWeights.Scales[history.Length];
        }
    }

    /// <summary>x · O_j.</summary>
    public float Affinity(ReadOnlySpan<float> query, int movie)
    {
        if (movie >= Capacity)
        {
            return 0;
        }

        var o = Embeddings.AsSpan((movie * RerankWeights.Row) + RerankWeights.Dimensions, RerankWeights.Dimensions);
        return Vector256.Dot(Vector256.Create(query), Vector256.Create<float>(o)) + Vector256.Dot(Vector256.Create(query[8..]), Vector256.Create<float>(o[8..]));
    }

    /// <summary>Parts of x · (O_j − mean O over the candidates), by movie of the history: z d^−½ E[h_d] · (O_j − mean O).</summary>
    public void AttributeAffinity(CandidateTable table, int candidate, Span<double> history)
    {
        Span<double> difference = stackalloc double[RerankWeights.Dimensions];
        for (var j = 0; j < table.Count; j++)
        {
            if (table.Movies[j] < Capacity)
            {
                var o = Embeddings.AsSpan((table.Movies[j] * RerankWeights.Row) + RerankWeights.Dimensions, RerankWeights.Dimensions);
                for (var k = 0; k < o.Length; k++)
                {
                    difference[k] += o[k] * ((j == candidate ? 1 : 0) - (1.0 / table.Count));
                }
            }
        }

        for (var d = 0; d < table.HistoryCount; d++)
        {
            history[d] = 0;
            if (table.History[d] < Capacity)
            {
                var e = Embeddings.AsSpan(table.History[d] * RerankWeights.Row, RerankWeights.Dimensions);
                for (var k = 0; k < e.Length; k++)
                {
                    history[d] += RerankWeights.Scales[table.HistoryCount] * RerankWeights.Distances[d] * e[k] * difference[k];
                }
            }
        }
    }

    private static float[] StartLinear()
    {
        var linear = new float[RerankFeatures.Number];
        linear[RerankFeatures.Score] = 1;
        return linear;
    }
}
