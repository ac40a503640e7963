using Cinegrain.Model.Blending;
using Cinegrain.Model.Codec;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model.Tests.Blending;

public sealed class BlendTests
{
    private const double Step = 0.02;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Learn_OneStep_FollowsTheNumericGradientOfTheCrossEntropy(int seed)
    {
        var example = Example(new Random(seed), offset: 0);
        var blend = new Blend();
        var before = Weights(blend);
        Assert.True(blend.Learn(example));
        var after = Weights(blend);
        for (var c = 0; c < Features.Number; c++)
        {
            const double Epsilon = 1e-5;
            var higher = Loss(before, example, c, Epsilon);
            var gradient = (higher - Loss(before, example, c, -Epsilon)) / (2 * Epsilon);

            // AdaGrad's first step from sums of 1.
            var expected = -Step * gradient / Math.Sqrt(1 + (gradient * gradient));
            Assert.Equal(expected, after[c] - before[c], 1e-7);
            Assert.Equal(expected, after[Features.Number * (1 + example.Bucket) + c] - before[Features.Number * (1 + example.Bucket) + c], 1e-7);
        }
    }

    [Fact]
    public void Learn_OfABucket_LeavesTheOthersAlone()
    {
        var blend = new Blend();
        var before = Weights(blend);
        blend.Learn(Example(new Random(1), 0));
        var after = Weights(blend);
        for (var bucket = 0; bucket < BlendWeights.Buckets; bucket++)
        {
            var place = Features.Number * (1 + bucket);
            Assert.Equal(bucket != 3, before.AsSpan(place, Features.Number).SequenceEqual(after.AsSpan(place, Features.Number)));
        }
    }

    [Fact]
    public void Learn_ManySteps_LowersTheLoss()
    {
        // The target is the candidate with the highest feature 4.
        var random = new Random(5);
        var blend = new Blend();
        var first = Weights(blend);
        var examples = Enumerable.Range(0, 500).Select(i => Example(random, i, informative: true)).ToArray();
        Assert.All(examples, example => Assert.True(blend.Learn(example)));
        var last = Weights(blend);
        Assert.True(examples.Average(e => Loss(last, e, 0, 0)) < 0.8 * examples.Average(e => Loss(first, e, 0, 0)));
    }

    [Fact]
    public void Learn_AtOrBelowTheMarkOfAPartition_ChangesNothing()
    {
        var random = new Random(1);
        var blend = new Blend();
        Assert.True(blend.Learn(Example(random, 10)));
        var before = blend.ToBytes();
        Assert.False(blend.Learn(Example(random, 10)));
        Assert.False(blend.Learn(Example(random, 3)));
        Assert.Equal(before, blend.ToBytes());
        Assert.True(blend.Learn(Example(random, 3, partition: 1)));
        Assert.True(blend.Learn(Example(random, 11)));
        Assert.Equal(3, blend.Steps);
    }

    [Theory]
    [InlineData(1e3f)]
    [InlineData(1e30f)]
    [InlineData(float.MaxValue)]
    public void Learn_OfAdversarialFeatures_KeepsWeightsFiniteAndWithin4(float size)
    {
        var random = new Random(7);
        var blend = new Blend();
        for (var i = 0; i < 2000; i++)
        {
            var example = Example(random, i);
            foreach (ref var feature in example.Features.AsSpan())
            {
                feature = random.Next(3) == 0 ? 0 : (float)((random.NextDouble() - 0.5) * 2) * size;
            }

            blend.Learn(example);
        }

        // The same push, for ever.
        var steady = Example(random, 5000);
        Array.Fill(steady.Features, 0);
        for (var c = 0; c < Features.Number; c++)
        {
            steady.Features[((RerankFeatures.Blend + c) * CandidateTable.Stride) + steady.Target] = 1;
        }

        for (var i = 0; i < 5000; i++)
        {
            blend.Learn(Make.Example(1, i, i % 8, steady.Target, 30, steady.Features));
        }

        Assert.All(Weights(blend), weight => Assert.InRange(weight, -4, 4));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Learn_OfFeaturesThatAreNoNumbers_TakesNoStep(float bad)
    {
        var blend = new Blend();
        var before = Weights(blend);
        var example = Example(new Random(1), 0);
        example.Features[17] = bad;
        Assert.False(blend.Learn(example));
        Assert.Equal(before, Weights(blend));
        Assert.True(blend.Learn(Example(new Random(1), 1)));
    }

    [Fact]
    public void FromBytes_OfToBytes_IsEqualAndGoesOn()
    {
        var random = new Random(3);
        var blend = new Blend();
        for (var i = 0; i < 100; i++)
        {
            blend.Learn(Example(random, i, partition: i % 5));
        }

        var restored = Blend.FromBytes(blend.Steps, blend.ToBytes());
        Assert.Equal(blend.ToBytes(), restored.ToBytes());
        var next = Example(random, 200);
        Assert.True(blend.Learn(next));
        Assert.True(restored.Learn(next));
        Assert.Equal(blend.ToBytes(), restored.ToBytes());
        Assert.False(restored.Learn(Example(random, 99, partition: 4)));
    }

    [Fact]
    public void FromBytes_OfDamagedBytes_ThrowsInvalidDataOrGivesFiniteWeights()
    {
        var random = new Random(3);
        var blend = new Blend();
        blend.Learn(Example(random, 0));
        var bytes = blend.ToBytes();
        for (var round = 0; round < 2000; round++)
        {
            var damaged = bytes[..(round % 2 == 0 ? bytes.Length : random.Next(bytes.Length))];
            if (damaged.Length > 0)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                Assert.All(Weights(Blend.FromBytes(1, damaged)), weight => Assert.True(double.IsFinite(weight)));
            }
            catch (InvalidDataException)
            {
                // One of the two ways that are right.
            }
        }
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(2, 1800, 0)]
    [InlineData(2, 1801, 1)]
    [InlineData(3, 0, 2)]
    [InlineData(9, 9999, 3)]
    [InlineData(10, 0, 4)]
    [InlineData(39, 0, 4)]
    [InlineData(40, 0, 6)]
    [InlineData(50, 100_000, 7)]
    public void Bucket_OfHistoryAndPause_IsItsPlace(int history, long pause, int expected) => Assert.Equal(expected, BlendWeights.Bucket(history, pause));

    [Fact]
    public void Snapshot_OfANewBlend_IsTheStart()
    {
        var snapshot = new Blend().Snapshot();
        for (var bucket = 0; bucket < BlendWeights.Buckets; bucket++)
        {
            Assert.Equal([0.5f, 0.3f, 0, 0.1f, 0.1f, 0.1f, 0.1f, 0.2f, 0.1f, 0], snapshot.Of(bucket).ToArray());
        }
    }

    private static TrainingExample Example(Random random, long offset, int partition = 0, bool informative = false)
    {
        var count = 30;
        var features = new float[RerankFeatures.Number * CandidateTable.Stride];
        foreach (ref var feature in features.AsSpan())
        {
            feature = (float)((random.NextDouble() * 4) - 3);
        }

        var target = informative ? Enumerable.Range(0, count).MaxBy(j => features[((RerankFeatures.Blend + 4) * CandidateTable.Stride) + j]) : random.Next(count);
        return Make.Example(partition, offset, 3, target, count, features);
    }

    /// <summary>Global weights, then those of the buckets, in full precision from the stored form.</summary>
    private static double[] Weights(Blend blend)
    {
        var reader = new StateReader(blend.ToBytes());
        reader.Byte();
        reader.Unsigned();
        var weights = new double[Features.Number * (1 + BlendWeights.Buckets)];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = reader.Double();
            if (i == Features.Number - 1)
            {
                for (var sums = 0; sums < Features.Number; sums++)
                {
                    reader.Double();
                }
            }
        }

        return weights;
    }

    private static double Loss(double[] weights, TrainingExample example, int moved, double by)
    {
        var scores = new double[example.Movies.Length];
        for (var j = 0; j < scores.Length; j++)
        {
            for (var c = 0; c < Features.Number; c++)
            {
                var weight = weights[c] + weights[(Features.Number * (1 + example.Bucket)) + c] + (c == moved ? by : 0);
                scores[j] += weight * example.Features[((RerankFeatures.Blend + c) * CandidateTable.Stride) + j];
            }
        }

        return Math.Log(scores.Sum(score => Math.Exp(score - scores.Max()))) + scores.Max() - scores[example.Target];
    }
}
