using System.Runtime.Intrinsics;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Reranking;

/// <summary>
/// Learns the weights of stage 2 online: per example one step of softmax cross-entropy over the candidates, back-propagated through the network and the
/// embeddings (Rumelhart, Hinton and Williams 1986), by AdaGrad (Duchi, Hazan and Singer 2011; sums start at 0.01, rate 0.02 for the linear weights and
/// 0.05 for the rest). Weights are held to ±<see cref="Limit"/>, so that none runs away.
/// </summary>
public sealed class RerankLearner
{
    private const float LinearRate = 0.02f, DeepRate = 0.05f, FirstSum = 0.01f;
    private const float Limit = 8;
    private const int Lanes = 8, Stride = CandidateTable.Stride, Features = RerankFeatures.Number;
    private const double InputDeviation = 0.05, OutputDeviation = 0.02, HiddenRange = 0.3, OutputRange = 0.1;

    private const float LargestHalf = 65504;
    private const byte Format = 1;

    private readonly MovieIndex _index;
    private readonly ModelOptions _options;
    private readonly ulong _seed;
    private readonly bool _hasNetwork, _hasEmbedding;
    private readonly QualityWatch _watch = new();
    private RerankParameters _parameters, _sums;
    private (RerankParameters Parameters, RerankParameters Sums)? _good;
    private ExampleMarks _marks = new();
    private bool[] _known = [];

    public RerankLearner(MovieIndex index, ModelOptions options)
        : this(index, options, new RerankParameters(options.AblatedFeatures), new RerankParameters(options.AblatedFeatures))
    {
        Start();
    }

    private RerankLearner(MovieIndex index, ModelOptions options, RerankParameters parameters, RerankParameters sums)
    {
        (_index, _options, _parameters, _sums) = (index, options, parameters, sums);
        _seed = StableHash.Of((ulong)options.Seed, 0x7265_7261_6e6b);
        _hasNetwork = !options.Ablates(RerankFeatures.Network);
        _hasEmbedding = !options.Ablates(RerankFeatures.Embedding);
    }

    /// <summary>Name of the singleton's state in the store.</summary>
    public const string StateId = "rerank";

    /// <summary>Examples before which the random weights that learning starts from have no say.</summary>
    internal const int Warmup = 30;

    /// <summary>Examples taken; the version of the stored document.</summary>
    public long Steps { get; private set; }

    /// <summary>How often the weights went back to a good snapshot.</summary>
    public long Rollbacks { get; private set; }

    /// <summary>What was learned so far; it changes with every step.</summary>
    internal RerankParameters Parameters => _parameters;

    /// <summary>A snapshot for rankings; until <see cref="Warmup"/> examples it is the order of stage 1.</summary>
    public RerankWeights Snapshot() => Steps < Warmup ? Untrained() : new(_parameters.Copy());

    /// <summary>The weights themselves, which change with every step: for a caller that ranks and learns by turns.</summary>
    public RerankWeights Live() => Steps < Warmup ? Untrained() : new(_parameters);

    /// <summary>The state as bytes, movies by id; embeddings and their sums in half precision.</summary>
    public byte[] ToBytes()
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Unsigned(Features);
        foreach (var values in Shared(_parameters).Concat(Shared(_sums)))
        {
            foreach (var value in values)
            {
                writer.Single(value);
            }
        }

        writer.Unsigned((ulong)_known.AsSpan().Count(true));
        for (var movie = 0; movie < _known.Length; movie++)
        {
            if (!_known[movie])
            {
                continue;
            }

            writer.String(_index.Id(movie));
            for (var k = movie * RerankWeights.Row; k < (movie + 1) * RerankWeights.Row; k++)
            {
                writer.Half((Half)_parameters.Embeddings[k]);
                writer.Half((Half)Math.Min(_sums.Embeddings[k], LargestHalf));
            }

            writer.Single(_parameters.Calibrations[2 * movie]);
            writer.Single(_parameters.Calibrations[(2 * movie) + 1]);
        }

        _marks.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a state back.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of another format.</exception>
    public static RerankLearner FromBytes(long steps, ReadOnlySpan<byte> bytes, MovieIndex index, ModelOptions options)
    {
        var reader = new StateReader(bytes);
        if (reader.Byte() != Format || reader.Unsigned() != Features)
        {
            throw new InvalidDataException("the stored weights of stage 2 are of another format: run the version of Cinegrain that wrote them, or a newer one");
        }

        var learner = new RerankLearner(index, options) { Steps = steps };
        foreach (var values in Shared(learner._parameters).Concat(Shared(learner._sums)))
        {
            foreach (ref var value in values.AsSpan())
            {
                value = reader.Single();
            }
        }

        for (var count = reader.Count(); count > 0; count--)
        {
            var movie = index.Handle(reader.String());
            learner.Know(movie);
            for (var k = movie * RerankWeights.Row; k < (movie + 1) * RerankWeights.Row; k++)
            {
                learner._parameters.Embeddings[k] = reader.Half();
                learner._sums.Embeddings[k] = reader.Half();
            }

            learner._parameters.Calibrations[2 * movie] = reader.Single();
            learner._parameters.Calibrations[(2 * movie) + 1] = reader.Single();
        }

        learner._marks = ExampleMarks.Read(ref reader);
        reader.End();
        return learner;
    }

    private RerankWeights Untrained() => new(new RerankParameters(_options.AblatedFeatures));

    private static float[][] Shared(RerankParameters parameters) =>
        [parameters.Linear, parameters.PerBucket, parameters.HiddenWeights, parameters.HiddenBias, parameters.OutputWeights];

    /// <summary>Weights before the first step: the order of stage 1, and a small random network that learning can start from.</summary>
    private void Start()
    {
        for (var i = 0; _hasNetwork && i < _parameters.HiddenWeights.Length; i++)
        {
            _parameters.HiddenWeights[i] = (float)(HiddenRange * ((2 * Draw(1, (ulong)i)) - 1));
        }

        for (var q = 0; _hasNetwork && q < _parameters.OutputWeights.Length; q++)
        {
            _parameters.OutputWeights[q] = (float)(OutputRange * ((2 * Draw(2, (ulong)q)) - 1));
        }

        foreach (var sums in Shared(_sums))
        {
            Array.Fill(sums, FirstSum);
        }
    }

    /// <summary>
    /// Takes an example: every candidate's expectation grows by its probability; when the event's movie is among them, its count grows and a step is taken.
    /// False when the example is at or below the mark of its partition, or has a feature that is no sound number.
    /// </summary>
    public bool Learn(TrainingExample example)
    {
        if (!_marks.Pass(example) || !example.IsSound())
        {
            return false;
        }

        Steps++;
        if (example.Outcome is { } outcome)
        {
            Watch(_watch.Note(outcome));
        }

        Step(example);
        return true;
    }

    private void Watch(QualityVerdict verdict)
    {
        switch (verdict)
        {
            case QualityVerdict.Good:
                _good = (_parameters.Copy(), _sums.Copy());
                break;
            case QualityVerdict.Bad when _good is { } good:
                // What was learned of movies since then is lost with the rest.
                (_parameters, _sums) = (good.Parameters.Copy(), good.Sums.Copy());
                _known = Resized(_known, _parameters.Capacity);
                Rollbacks++;
                break;
            case QualityVerdict.Bad:
                var fresh = new RerankLearner(_index, _options);
                (_parameters, _sums, _known) = (fresh._parameters, fresh._sums, []);
                Rollbacks++;
                break;
        }
    }

    private void Step(TrainingExample example)
    {
        foreach (var movie in example.Movies)
        {
            Know(movie);
        }

        foreach (var movie in example.History)
        {
            Know(movie);
        }

        var count = example.Movies.Length;
        Span<float> query = stackalloc float[RerankWeights.Dimensions];
        Span<float> activations = stackalloc float[RerankWeights.Hidden * Stride];
        Span<float> errors = stackalloc float[Stride];
        _parameters.Query(example.History, query);
        RerankWeights.Score(_parameters, example.Features, example.Movies, example.Bucket, query, activations, errors);
        Softmax(errors[..count]);
        errors[count..].Clear();
        for (var j = 0; j < count; j++)
        {
            _parameters.Calibrations[(2 * example.Movies[j]) + 1] += errors[j];
        }

        if (example.Target < 0)
        {
            return;
        }

        _parameters.Calibrations[2 * example.Movies[example.Target]]++;
        for (var j = 0; j < count; j++)
        {
            errors[j] = (j == example.Target ? 1 : 0) - errors[j];
        }

        Descend(example, query, activations, errors);
    }

    private void Descend(TrainingExample example, ReadOnlySpan<float> query, ReadOnlySpan<float> activations, ReadOnlySpan<float> errors)
    {
        var features = example.Features.AsSpan();
        Span<float> gradient = stackalloc float[Features];
        Gradient(features, errors, gradient);
        Move(_parameters.Linear, _sums.Linear, gradient, LinearRate);
        var bucket = example.Bucket * Features;
        Move(_parameters.PerBucket.AsSpan(bucket, Features), _sums.PerBucket.AsSpan(bucket, Features), gradient, LinearRate);

        Span<float> deltas = stackalloc float[Stride];
        for (var q = 0; _hasNetwork && q < RerankWeights.Hidden; q++)
        {
            // Everything of unit q is taken before anything of it moves.
            var output = Vector256.Create(_parameters.OutputWeights[q]);
            var (outputGradient, biasGradient) = (Vector256<float>.Zero, Vector256<float>.Zero);
            for (var at = 0; at < Stride; at += Lanes)
            {
                var z = Vector256.Create(activations[((q * Stride) + at)..]);
                var g = Vector256.Create(errors[at..]);
                outputGradient += g * Vector256.Max(z, z * RerankWeights.Slope);
                var slope = Vector256.ConditionalSelect(
                    Vector256.GreaterThan(z, Vector256<float>.Zero), Vector256<float>.One, Vector256.Create(RerankWeights.Slope));
                var delta = g * output * slope;
                biasGradient += delta;
                delta.CopyTo(deltas[at..]);
            }

            Gradient(features, deltas, gradient);
            var unit = q * Features;
            Move(_parameters.HiddenWeights.AsSpan(unit, Features), _sums.HiddenWeights.AsSpan(unit, Features), gradient, DeepRate);
            Move(ref _parameters.HiddenBias[q], ref _sums.HiddenBias[q], Vector256.Sum(biasGradient), DeepRate);
            Move(ref _parameters.OutputWeights[q], ref _sums.OutputWeights[q], Vector256.Sum(outputGradient), DeepRate);
        }

        if (_hasEmbedding)
        {
            MoveEmbeddings(example, query, errors);
        }
    }

    private void MoveEmbeddings(TrainingExample example, ReadOnlySpan<float> query, ReadOnlySpan<float> errors)
    {
        const int dimensions = RerankWeights.Dimensions;
        Span<float> back = stackalloc float[dimensions];
        Span<float> gradient = stackalloc float[dimensions];
        back.Clear();
        for (var j = 0; j < example.Movies.Length; j++)
        {
            var at = (example.Movies[j] * RerankWeights.Row) + dimensions;
            var output = _parameters.Embeddings.AsSpan(at, dimensions);
            for (var k = 0; k < dimensions; k++)
            {
                back[k] += errors[j] * output[k];
                gradient[k] = errors[j] * query[k];
            }

            if (example.History.Length > 0)
            {
                Move(output, _sums.Embeddings.AsSpan(at, dimensions), gradient, DeepRate);
            }
        }

        var history = example.History;
        var z = RerankWeights.Scales[history.Length];
        for (var d = 0; d < history.Length; d++)
        {
            for (var k = 0; k < dimensions; k++)
            {
                gradient[k] = z * RerankWeights.Distances[d] * back[k];
            }

            var at = history[d] * RerankWeights.Row;
            Move(_parameters.Embeddings.AsSpan(at, dimensions), _sums.Embeddings.AsSpan(at, dimensions), gradient, DeepRate);
        }
    }

    /// <summary>Σ_j error_j f_cj for each feature c.</summary>
    private static void Gradient(ReadOnlySpan<float> features, ReadOnlySpan<float> errors, Span<float> gradient)
    {
        for (var c = 0; c < Features; c++)
        {
            var sum = Vector256<float>.Zero;
            for (var at = 0; at < Stride; at += Lanes)
            {
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(errors[at..]), Vector256.Create(features[((c * Stride) + at)..]), sum);
            }

            gradient[c] = Vector256.Sum(sum);
        }
    }

    private static void Softmax(Span<float> scores)
    {
        var highest = float.NegativeInfinity;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }

        var sum = 0f;
        foreach (ref var score in scores)
        {
            score = MathF.Exp(score - highest);
            sum += score;
        }

        foreach (ref var score in scores)
        {
            score /= sum;
        }
    }

    private static void Move(Span<float> weights, Span<float> sums, ReadOnlySpan<float> gradient, float rate)
    {
        var at = 0;
        for (; at + Lanes <= weights.Length; at += Lanes)
        {
            var g = Vector256.Create(gradient[at..]);
            var sum = Vector256.Create<float>(sums[at..]) + (g * g);
            sum.CopyTo(sums[at..]);
            var moved = Vector256.Create<float>(weights[at..]) + (Vector256.Create(rate) * g / Vector256.Sqrt(sum));
            Vector256.Clamp(moved, Vector256.Create(-Limit), Vector256.Create(Limit)).CopyTo(weights[at..]);
        }

        for (; at < weights.Length; at++)
        {
            Move(ref weights[at], ref sums[at], gradient[at], rate);
        }
    }

    private static void Move(ref float weight, ref float sum, float gradient, float rate)
    {
        sum += gradient * gradient;
        weight = Math.Clamp(weight + (rate * gradient / MathF.Sqrt(sum)), -Limit, Limit);
    }

    /// <summary>Gives a movie its first embedding, drawn from its id and the seed.</summary>
    private void Know(int movie)
    {
        if (movie >= _known.Length)
        {
            var capacity = Math.Max(1024, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)movie + 1));
            Array.Resize(ref _known, capacity);
            foreach (var parameters in new[] { _parameters, _sums })
            {
                parameters.Embeddings = Resized(parameters.Embeddings, capacity * RerankWeights.Row);
                parameters.Calibrations = Resized(parameters.Calibrations, capacity * 2);
            }
        }

        if (_known[movie])
        {
            return;
        }

        _known[movie] = true;
        var id = StableHash.Of(_index.Id(movie));
        for (var k = 0; _hasEmbedding && k < RerankWeights.Row; k++)
        {
            var deviation = k < RerankWeights.Dimensions ? InputDeviation : OutputDeviation;
            _parameters.Embeddings[(movie * RerankWeights.Row) + k] = (float)(deviation * Normal(StableHash.Of(id, (ulong)k)));
            _sums.Embeddings[(movie * RerankWeights.Row) + k] = FirstSum;
        }
    }

    private static T[] Resized<T>(T[] values, int length)
    {
        Array.Resize(ref values, length);
        return values;
    }

    /// <summary>A normal deviate (Box and Muller 1958).</summary>
    private double Normal(ulong stream) => Math.Sqrt(-2 * Math.Log(1 - Draw(3, stream))) * Math.Cos(2 * Math.PI * Draw(4, stream));

    /// <summary>A number from 0 to 1, the same for the same seed and place.</summary>
    private double Draw(ulong purpose, ulong place) => StableHash.ToUnit(StableHash.Of(StableHash.Of(_seed, purpose), place));
}
