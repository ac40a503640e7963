using Cinegrain.Model.Codec;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model.Blending;

/// <summary>
/// The one owner's state of the blend: weights learned online by softmax cross-entropy over the candidates with AdaGrad (Duchi, Hazan and
/// Singer 2011; step 0.02, sums start at 1), and the offset per user partition up to which examples were taken. Weights are held to ±4.
/// </summary>
public sealed class Blend
{
    private const byte Format = 1;
    private const double Step = 0.02;
    private const double Limit = 4;

    private readonly double[] _global = BlendWeights.StartGlobal.ToArray();
    private readonly double[] _globalSums = Ones(Features.Number);
    private readonly double[] _perBucket = new double[BlendWeights.Buckets * Features.Number];
    private readonly double[] _perBucketSums = Ones(BlendWeights.Buckets * Features.Number);
    private readonly QualityWatch _watch = new();
    private double[]? _good;
    private ExampleMarks _marks = new();

    /// <summary>Name of the singleton's state in the store.</summary>
    public const string StateId = "blend";

    /// <summary>Steps taken; the version of the stored document.</summary>
    public long Steps { get; private set; }

    /// <summary>A snapshot for rankings.</summary>
    public BlendWeights Snapshot() => new(_global, _perBucket);

    /// <summary>
    /// Takes one step; false when the example is at or below the mark of its partition, has a feature that is no sound number, or its movie is not among
    /// the best <see cref="TrainingExample.BlendCandidates"/> (forcing it in destroys the weights).
    /// </summary>
    public bool Learn(TrainingExample example)
    {
        if (example.Outcome is { } outcome)
        {
            Watch(_watch.Note(outcome));
        }

        if (!_marks.Pass(example) || example.Target is < 0 or >= TrainingExample.BlendCandidates || !example.IsSound())
        {
            return false;
        }

        Steps++;
        Descend(example);
        return true;
    }

    /// <summary>How often the weights went back to a good snapshot.</summary>
    public long Rollbacks { get; private set; }

    private void Watch(QualityVerdict verdict)
    {
        var values = new[] { _global, _globalSums, _perBucket, _perBucketSums };
        if (verdict == QualityVerdict.Good)
        {
            _good = [.. values.SelectMany(v => v)];
        }
        else if (verdict == QualityVerdict.Bad)
        {
            var from = 0;
            var good = _good ?? [.. BlendWeights.StartGlobal, .. Ones(Features.Number), .. new double[_perBucket.Length], .. Ones(_perBucket.Length)];
            foreach (var array in values)
            {
                good.AsSpan(from, array.Length).CopyTo(array);
                from += array.Length;
            }

            Rollbacks++;
        }
    }

    /// <summary>The state as bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Unsigned((ulong)Features.Number);
        foreach (var values in new[] { _global, _globalSums, _perBucket, _perBucketSums })
        {
            foreach (var value in values)
            {
                writer.Double(value);
            }
        }

        _marks.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a state back.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of another format.</exception>
    public static Blend FromBytes(long steps, ReadOnlySpan<byte> bytes)
    {
        var reader = new StateReader(bytes);
        if (reader.Byte() != Format || reader.Unsigned() != Features.Number)
        {
            throw new InvalidDataException("the stored blend weights are of another format: run the version of Cinegrain that wrote them, or a newer one");
        }

        var blend = new Blend { Steps = steps };
        foreach (var values in new[] { blend._global, blend._globalSums, blend._perBucket, blend._perBucketSums })
        {
            foreach (ref var value in values.AsSpan())
            {
                value = reader.Double();
            }
        }

        blend._marks = ExampleMarks.Read(ref reader);
        reader.End();
        return blend;
    }

    /// <summary>p = softmax of the scores; gradient of −ln p_target in weight c: Σ_j (p_j − [j = target]) f_jc.</summary>
    private void Descend(TrainingExample example)
    {
        var count = Math.Min(example.Movies.Length, TrainingExample.BlendCandidates);
        Span<double> p = stackalloc double[count];
        var own = example.Bucket * Features.Number;
        var highest = double.NegativeInfinity;
        for (var j = 0; j < count; j++)
        {
            var score = 0.0;
            for (var c = 0; c < Features.Number; c++)
            {
                score += (_global[c] + _perBucket[own + c]) * Feature(example, j, c);
            }

            p[j] = score;
            highest = Math.Max(highest, score);
        }

        var sum = 0.0;
        foreach (ref var value in p)
        {
            value = Math.Exp(value - highest);
            sum += value;
        }

        Span<double> gradient = stackalloc double[Features.Number];
        for (var j = 0; j < count; j++)
        {
            var error = (p[j] / sum) - (j == example.Target ? 1 : 0);
            for (var c = 0; c < Features.Number; c++)
            {
                gradient[c] += error * Feature(example, j, c);
            }
        }

        for (var c = 0; c < Features.Number; c++)
        {
            Move(ref _global[c], ref _globalSums[c], gradient[c]);
            Move(ref _perBucket[own + c], ref _perBucketSums[own + c], gradient[c]);
        }
    }

    private static float Feature(TrainingExample example, int candidate, int feature) =>
        example.Features[((RerankFeatures.Blend + feature) * CandidateTable.Stride) + candidate];

    private static void Move(ref double weight, ref double sum, double gradient)
    {
        sum += gradient * gradient;
        weight = Math.Clamp(weight - (Step * gradient / Math.Sqrt(sum)), -Limit, Limit);
    }

    private static double[] Ones(int length)
    {
        var values = new double[length];
        Array.Fill(values, 1);
        return values;
    }
}
