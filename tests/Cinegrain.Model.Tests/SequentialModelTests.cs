using Cinegrain.Model.Blending;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Tests;

public sealed class SequentialModelTests
{
    private const int Pairs = 15;

    [Fact]
    public void Learn_OfAPlantedSequence_PutsTheSecondOnTopAfterTheFirst()
    {
        // Whoever takes A_k takes B_k next, among movies taken at random.
        using var model = Planted(new Random(1), test: false);
        for (var k = 0; k < Pairs; k++)
        {
            var user = $"k1-probe{k}";
            model.Learn(Make.Interaction($"noise{k}", 2_000_000, user: user), test: false);
            model.Learn(Make.Interaction($"a{k}", 2_000_010, user: user), test: false);
            Assert.Equal($"b{k}", model.User(user).Recommend(new RecommendationQuery(), Make.StartSeconds + 2_000_020).Items[0].Movie);
        }
    }

    [Fact]
    public void Learn_WithTests_FindsThePlantedSequenceOftenerThanPopularityAndTrainsTheBlend()
    {
        var sums = default(QualitySums);
        using var model = Planted(new Random(2), test: true, effects => sums = effects.Test is { } test ? sums.With(test) : sums);
        Assert.True(sums.Tested > 1000);
        Assert.True(sums.Hits > 1.5 * sums.PopularityHits, $"{sums.Hits} against {sums.PopularityHits} of {sums.Tested}");
        Assert.True(model.Blend.Steps > 500);
        Assert.NotSame(BlendWeights.Start, model.Shared.Weights);
    }

    [Fact]
    public void Learn_OfTheSameEvents_EndsInTheSameBytes()
    {
        using var one = Planted(new Random(3), test: true);
        using var two = Planted(new Random(3), test: true);
        Assert.Equal(one.Blend.ToBytes(), two.Blend.ToBytes());
        Assert.All(one.Users, user => Assert.Equal(user.Value.State.ToBytes(), two.Users[user.Key].State.ToBytes()));
        Assert.All(one.Movies, movie => Assert.Equal(movie.Value.ToBytes(), two.Movies[movie.Key].ToBytes()));
    }

    [Fact]
    public void Learn_OfATest_RanksBeforeTheEventIsLearned()
    {
        using var model = Planted(new Random(4), test: false);
        var list = new List<string>();
        model.Learn(Make.Interaction("a1", 2_000_000, user: "k1-new"), test: true);
        var before = model.User("k1-new").Recommend(new RecommendationQuery(), Make.StartSeconds + 2_000_005).Items.Select(i => i.Movie).ToArray();
        var effects = model.Learn(Make.Interaction(before[0], 2_000_005, user: "k1-new"), test: true, list);
        Assert.Equal(before, list);
        Assert.Equal(0, effects.Test!.Value.Rank);
        Assert.Equal(0, effects.Example!.Target);
        Assert.Equal(["a1"], effects.Signal!.Context);
    }

    [Fact]
    public void Learn_OfADislike_TestsAndEmitsButTrainsNothing()
    {
        using var model = Planted(new Random(5), test: false);
        model.Learn(Make.Interaction("a1", 2_000_000, user: "k1-new"), test: true);
        var effects = model.Learn(Make.Interaction("b1", 2_000_005, InteractionKind.Dislike, user: "k1-new"), test: true);
        Assert.NotNull(effects.Test);
        Assert.NotNull(effects.Signal);
        Assert.Null(effects.Example);
    }

    [Fact]
    public void Learn_WithoutConsentOrAgain_SetsOffNothing()
    {
        using var model = Planted(new Random(6), test: false);
        model.Learn(Make.Interaction("a1", 2_000_000), test: true);
        Assert.Equal(default, model.Learn(Make.Interaction("a1", 2_000_001), test: true));
        model.Learn(Make.Consent(false), test: true);
        Assert.Equal(default, model.Learn(Make.Interaction("b1", 2_000_002), test: true));
        Assert.Equal(default, model.Learn(Make.Erasure(), test: true));
    }

    private static SequentialModel Planted(Random random, bool test, Action<UserEffects>? observe = null)
    {
        var model = new SequentialModel(new ModelOptions());
        for (var k = 0; k < Pairs; k++)
        {
            model.Put(Make.Movie($"a{k}"));
            model.Put(Make.Movie($"b{k}"));
        }

        for (var i = 0; i < 40; i++)
        {
            model.Put(Make.Movie($"noise{i}"));
        }

        var time = 0;
        for (var user = 0; user < 150; user++)
        {
            var pairs = Enumerable.Range(0, Pairs).ToArray();
            random.Shuffle(pairs);
            foreach (var k in pairs.AsSpan(0, 6))
            {
                foreach (var movie in new[] { $"noise{random.Next(40)}", $"a{k}", $"b{k}" })
                {
                    var effects = model.Learn(Make.Interaction(movie, time += 60, user: $"k1-u{user}"), test);
                    observe?.Invoke(effects);
                }
            }
        }

        return model;
    }
}
