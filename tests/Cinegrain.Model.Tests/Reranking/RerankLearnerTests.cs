using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model.Tests.Reranking;

public sealed class RerankLearnerTests
{
    private const int Candidates = 30;

    [Fact]
    public void Learn_OfAnExample_StepsAlongTheGradientOfTheCrossEntropy()
    {
        var random = new Random(4);
        var learner = New(out _);

        // The first makes the movies known and takes no step; the second starts from weights that are not 0.
        learner.Learn(Example(random, 0, target: -1));
        foreach (ref var weight in learner.Parameters.PerBucket.AsSpan())
        {
            weight = (float)((random.NextDouble() - 0.5) / 5);
        }

        var before = learner.Parameters.Copy();
        var example = Example(random, 1);
        Assert.True(learner.Learn(example));
        Check(p => p.Linear, 0.02, [0, 3, RerankFeatures.Number - 1]);
        Check(p => p.PerBucket, 0.02, [(3 * RerankFeatures.Number) + 5]);
        Check(p => p.HiddenWeights, 0.05, [1, (7 * RerankFeatures.Number) + 11]);
        Check(p => p.HiddenBias, 0.05, [0, 15]);
        Check(p => p.OutputWeights, 0.05, [2, 9]);
        Check(p => p.Embeddings, 0.05, [
            (example.Movies[2] * RerankWeights.Row) + RerankWeights.Dimensions + 3,
            (example.Movies[example.Target] * RerankWeights.Row) + RerankWeights.Dimensions,
            (example.History[0] * RerankWeights.Row) + 5,
            (example.History[4] * RerankWeights.Row) + 15]);

        void Check(Func<RerankParameters, float[]> of, double rate, int[] places)
        {
            foreach (var place in places)
            {
                const float Epsilon = 1e-2f;
                var (higher, lower) = (before.Copy(), before.Copy());
                of(higher)[place] += Epsilon;
                of(lower)[place] -= Epsilon;
                var gradient = (Loss(higher, example) - Loss(lower, example)) / (2 * Epsilon);

                // AdaGrad's first step from sums of .01.
                var expected = -rate * gradient / Math.Sqrt(0.01 + (gradient * gradient));
                Assert.Equal(expected, of(learner.Parameters)[place] - of(before)[place], 2e-4);
            }
        }
    }

    [Fact]
    public void Learn_OfAnExample_AddsProbabilitiesAndTheTargetToTheCalibration()
    {
        var random = new Random(4);
        var learner = New(out _);
        var example = Example(random, 0);
        learner.Learn(example);
        var sums = learner.Parameters.Calibrations;
        Assert.Equal(1, example.Movies.Sum(movie => sums[(2 * movie) + 1]), 1e-5);
        Assert.Equal([example.Target], Enumerable.Range(0, Candidates).Where(j => sums[2 * example.Movies[j]] == 1));
    }

    [Theory]
    [InlineData("network")]
    [InlineData("embedding")]
    public void Learn_WithoutAPart_LeavesItAtZeroAndMovesTheOthers(string part)
    {
        var random = new Random(4);
        var learner = New(out _, part);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(learner.Learn(Example(random, i)));
        }

        var learned = learner.Parameters;
        float[][] network = [learned.HiddenWeights, learned.HiddenBias, learned.OutputWeights], embedding = [learned.Embeddings];
        Assert.All(part == "network" ? network : embedding, values => Assert.DoesNotContain(values, value => value != 0));
        Assert.All(part == "network" ? embedding : network, values => Assert.Contains(values, value => value != 0));
    }

    [Fact]
    public void Learn_ManySteps_LowersTheLoss()
    {
        var random = new Random(5);
        var learner = New(out _);
        var examples = Enumerable.Range(0, 400).Select(i => Example(random, i, informative: true)).ToArray();
        learner.Learn(Example(random, -1, target: -1));
        var first = examples.Average(example => Loss(learner.Parameters, example));
        Assert.All(examples, example => Assert.True(learner.Learn(example)));
        var last = examples.Average(example => Loss(learner.Parameters, example));
        Assert.True(last < 0.6 * first, $"{first} {last}");
    }

    [Fact]
    public void Learn_AtOrBelowTheMarkOfAPartition_ChangesNothing()
    {
        var random = new Random(1);
        var learner = New(out _);
        Assert.True(learner.Learn(Example(random, 10)));
        var before = learner.ToBytes();
        Assert.False(learner.Learn(Example(random, 10)));
        Assert.False(learner.Learn(Example(random, 3)));
        Assert.Equal(before, learner.ToBytes());
        Assert.True(learner.Learn(Example(random, 3, partition: 1)));
        Assert.Equal(2, learner.Steps);
    }

    [Theory]
    [InlineData(1e3f)]
    [InlineData(1e18f)]
    [InlineData(float.MaxValue)]
    public void Learn_OfAdversarialFeatures_KeepsWeightsFiniteAndWithin8(float size)
    {
        var random = new Random(7);
        var learner = New(out _);
        for (var i = 0; i < 500; i++)
        {
            var example = Example(random, i);
            foreach (ref var feature in example.Features.AsSpan())
            {
                feature = random.Next(3) == 0 ? 0 : (float)((random.NextDouble() - 0.5) * 2) * size;
            }

            learner.Learn(example);
        }

        Assert.All(All(learner.Parameters), weight => Assert.InRange(weight, -8, 8));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Learn_OfAFeatureThatIsNoNumber_TakesNoStep(float bad)
    {
        var learner = New(out _);
        var example = Example(new Random(1), 0);
        example.Features[RerankFeatures.Number] = bad;
        Assert.False(learner.Learn(example));
        Assert.Equal(0, learner.Steps);
    }

    [Fact]
    public void Learn_WhilePopularityIsBetter_GoesBackToTheLastGoodWeights()
    {
        var random = new Random(2);
        var learner = New(out _);
        for (var i = 0; i < 1500; i++)
        {
            learner.Learn(Example(random, i, outcome: new TestOutcome(i % 4 == 0 ? 0 : 50, 50)));
        }

        Assert.Equal(0, learner.Rollbacks);
        for (var i = 1500; learner.Rollbacks == 0; i++)
        {
            Assert.True(i < 4000, "it never goes back");
            learner.Learn(Example(random, i, outcome: new TestOutcome(50, 0)));
        }

        Assert.All(All(learner.Parameters), weight => Assert.True(float.IsFinite(weight)));
        Assert.True(learner.Learn(Example(random, 5000)));
    }

    [Fact]
    public void Learn_WhilePopularityIsBetterFromTheStart_BeginsAgain()
    {
        var random = new Random(2);
        var learner = New(out var index);
        for (var i = 0; learner.Rollbacks == 0; i++)
        {
            Assert.True(i < 4000, "it never goes back");
            learner.Learn(Example(random, i, target: learner.Rollbacks == 0 ? 1 : -1, outcome: new TestOutcome(50, 0)));
        }

        // One step was taken since the beginning.
        var fresh = new RerankLearner(index, new ModelOptions());
        Assert.True(learner.Parameters.Linear.Zip(fresh.Parameters.Linear, (a, b) => Math.Abs(a - b)).Max() <= 0.021);
    }

    [Fact]
    public void FromBytes_OfToBytes_KeepsWeightsMarksAndEmbeddings()
    {
        var random = new Random(3);
        var learner = New(out var index);
        for (var i = 0; i < 100; i++)
        {
            learner.Learn(Example(random, i, partition: i % 5));
        }

        var restored = RerankLearner.FromBytes(learner.Steps, learner.ToBytes(), index, new ModelOptions());
        Assert.Equal(learner.ToBytes(), restored.ToBytes());
        Assert.Equal(learner.Parameters.Linear, restored.Parameters.Linear);
        var farthest = learner.Parameters.Embeddings.Zip(restored.Parameters.Embeddings, (a, b) => Math.Abs(a - b) / Math.Max(0.01, Math.Abs(a))).Max();
        Assert.True(farthest < 1e-3, $"an embedding is off by {farthest}");
        Assert.False(restored.Learn(Example(random, 99, partition: 4)));
        Assert.True(restored.Learn(Example(random, 200)));
    }

    [Fact]
    public void FromBytes_InAnotherProcess_FindsTheMoviesByTheirIds()
    {
        var random = new Random(3);
        var learner = New(out var index);
        learner.Learn(Example(random, 0));
        var other = new MovieIndex();
        other.Handle("before all others");
        var restored = RerankLearner.FromBytes(1, learner.ToBytes(), other, new ModelOptions());
        var movie = index.Id(3);
        var (from, to) = (3 * RerankWeights.Row, other.Handle(movie) * RerankWeights.Row);
        Assert.Equal(learner.Parameters.Embeddings[from + 2], restored.Parameters.Embeddings[to + 2], 1e-3f);
    }

    [Fact]
    public void FromBytes_OfDamagedBytes_ThrowsInvalidDataOrGivesFiniteWeights()
    {
        var random = new Random(3);
        var learner = New(out _);
        learner.Learn(Example(random, 0));
        var bytes = learner.ToBytes();
        for (var round = 0; round < 300; round++)
        {
            var damaged = bytes[..(round % 2 == 0 ? bytes.Length : random.Next(1, bytes.Length))];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                var restored = RerankLearner.FromBytes(1, damaged, new MovieIndex(), new ModelOptions());
                Assert.All(All(restored.Parameters), weight => Assert.True(float.IsFinite(weight)));
            }
            catch (InvalidDataException)
            {
                // One of the two ways that are right.
            }
        }
    }

    [Fact]
    public void New_WithTheSameSeed_IsTheSameAndAnotherIsNot()
    {
        Assert.Equal(New(out _).Parameters.HiddenWeights, New(out _).Parameters.HiddenWeights);
        Assert.NotEqual(
            New(out _).Parameters.HiddenWeights, new RerankLearner(new MovieIndex(), new ModelOptions { Seed = 2 }).Parameters.HiddenWeights);
    }

    [Fact]
    public void Snapshot_BeforeTheFirstExamples_KeepsTheOrderOfStage1()
    {
        var random = new Random(3);
        var learner = New(out _);
        for (var i = 0; i < RerankLearner.Warmup; i++)
        {
            Assert.Equal(0, learner.Snapshot().Exposure(3));
            learner.Learn(Example(random, i));
        }

        Assert.True(learner.Snapshot().Exposure(3) > 0);
        Assert.Equal(learner.Snapshot().Exposure(3), learner.Live().Exposure(3));
    }

    private static RerankLearner New(out MovieIndex index, params string[] ablate)
    {
        index = new MovieIndex();
        for (var i = 0; i < 60; i++)
        {
            index.Handle($"m{i}");
        }

        return new RerankLearner(index, new ModelOptions { Ablate = ablate });
    }

    private static TrainingExample Example(
        Random random, long offset, int partition = 0, int? target = null, bool informative = false, TestOutcome? outcome = null)
    {
        var features = new float[RerankFeatures.Number * CandidateTable.Stride];
        foreach (ref var feature in features.AsSpan())
        {
            feature = (float)(random.NextDouble() - 0.5);
        }

        var best = Enumerable.Range(0, Candidates).MaxBy(j => features[(4 * CandidateTable.Stride) + j]);
        return Make.Example(
            partition, offset, 3, informative ? best : target ?? random.Next(Candidates), Candidates, features, [40, 41, 42, 43, 44], outcome);
    }

    private static double Loss(RerankParameters parameters, TrainingExample example)
    {
        Span<float> query = stackalloc float[RerankWeights.Dimensions];
        Span<float> scores = stackalloc float[CandidateTable.Stride];
        parameters.Query(example.History, query);
        RerankWeights.Score(parameters, example.Features, example.Movies, example.Bucket, query, default, scores);
        var all = scores[..example.Movies.Length].ToArray();
        return Math.Log(all.Sum(score => Math.Exp(score - all.Max()))) + all.Max() - all[example.Target];
    }

    private static IEnumerable<float> All(RerankParameters parameters) => parameters.Linear
        .Concat(parameters.PerBucket).Concat(parameters.HiddenWeights).Concat(parameters.HiddenBias).Concat(parameters.OutputWeights)
        .Concat(parameters.Embeddings);
}
