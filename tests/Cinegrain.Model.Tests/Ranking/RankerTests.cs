using Cinegrain.Model.Blending;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Tests.Ranking;

public sealed class RankerTests
{
    private static readonly string[] Some = ["m1", "m2", "m3", "m30"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    public static TheoryData<string> Filters => ["none", "genres", "years", "from", "languages", "votes", "exclude", "seen", "all"];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Rank_OfARandomWorld_EqualsTheFormulasAsWritten(int seed) => AssertEqualsNaive(new World(seed), seed, new RecommendationQuery());

    [Theory]
    [MemberData(nameof(Filters))]
    public void Rank_WithAFilter_EqualsTheFormulasOverWhatIsLeft(string filter) => AssertEqualsNaive(new World(99), 5, Query(filter));

    [Fact]
    public void Rank_OfALongHistory_EqualsTheFormulasAsWritten() => AssertEqualsNaive(new World(7, movies: 300, users: 3, events: 900), 3, new RecommendationQuery());

    [Fact]
    public void Rank_OfOldEvents_EqualsTheFormulasAsWritten() => AssertEqualsNaive(new World(8, days: 4000), 3, new RecommendationQuery());

    [Fact]
    public void Rank_AfterWithdrawals_EqualsTheFormulasWithoutTheWithdrawn() => AssertEqualsNaive(new World(11), 4, new RecommendationQuery(), ["m0", "m3", "m20"]);

    [Fact]
    public void Rank_OfNothingLearned_GivesEveryMovieById()
    {
        using var model = new World(1, events: 0).Learn();
        var top = Ranked(model, model.User("k1-new").State, 100, Make.StartSeconds);
        Assert.Equal(40, top.Length);
    }

    [Fact]
    public void Rank_WithHandlesInAnotherOrder_GivesTheSameScoresBitForBit()
    {
        var world = new World(3, movies: 120, events: 600);
        var ids = world.Movies.Select(m => m.Id).ToArray();
        new Random(1).Shuffle(ids);
        using var model = world.Learn();
        using var other = world.Learn(m => Array.ForEach(ids, id => m.Shared.Index.Handle(id)));
        foreach (var (a, b) in World.States(model).Zip(World.States(other)))
        {
            Assert.Equal(Ranked(model, a, 100, world.NowSeconds), Ranked(other, b, 100, world.NowSeconds));
        }
    }

    [Fact]
    public void Rank_WithTheCatalogueInAnotherOrder_GivesTheSameListWhereScoresDiffer()
    {
        var world = new World(4, movies: 120, events: 600);
        var movies = world.Movies.ToArray();
        new Random(2).Shuffle(movies);
        using var model = world.Learn();
        using var other = world.Learn(catalogue: movies);
        foreach (var (a, b) in World.States(model).Zip(World.States(other)))
        {
            AssertSameOrder(Ranked(model, a, 100, world.NowSeconds).ToDictionary(r => r.Id, r => (double)r.Score), Ranked(other, b, 100, world.NowSeconds), 1e-4);
        }
    }

    [Fact]
    public void Rank_WhenWarm_AllocatesNothing()
    {
        var world = new World(6, movies: 200, events: 1500);
        using var model = world.Learn();
        var state = World.States(model).First();
        var query = new RecommendationQuery();
        var ranker = new Ranker();
        var weights = BlendWeights.Start.Of(3).ToArray();
        using var lease = model.Shared.View.Read();
        for (var i = 0; i < 3; i++)
        {
            ranker.Rank(model.Shared.View, state, query, weights, world.NowSeconds, 50);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = ranker.Rank(model.Shared.View, state, query, weights, world.NowSeconds, 50);
        found += ranker.Rank(model.Shared.View, state, query, weights, world.NowSeconds + 60, 50);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(100, found);
    }

    [Fact]
    public void Rank_OfFewerThanAllMovies_GivesTheBestInOrder()
    {
        var world = new World(12, movies: 100, events: 500);
        using var model = world.Learn();
        var state = World.States(model).First();
        var all = Ranked(model, state, 100, world.NowSeconds);
        Assert.Equal(all.OrderByDescending(r => r.Score).ThenBy(r => r.Id, StringComparer.Ordinal), all);
        foreach (var count in new[] { 1, 7, 10, 50 })
        {
            Assert.Equal(all.Take(count), Ranked(model, state, count, world.NowSeconds));
        }
    }

    [Fact]
    public void Describe_OfARankedMovie_GivesFeaturesThatSumToItsScore()
    {
        var world = new World(13);
        using var model = world.Learn();
        var ranker = new Ranker();
        var weights = RandomWeights(3);
        var features = new float[Features.Number];
        using var lease = model.Shared.View.Read();
        foreach (var state in World.States(model))
        {
            var found = ranker.Rank(model.Shared.View, state, new RecommendationQuery(), weights, world.NowSeconds, 50);
            for (var i = 0; i < found; i++)
            {
                ranker.Describe(model.Shared.View, ranker.Top[i], features);
                Assert.Equal(ranker.TopScores[i], features.Zip(weights, (f, w) => f * w).Sum(), 1e-4);
            }
        }
    }

    private static void AssertEqualsNaive(World world, int seed, RecommendationQuery query, params string[] withdrawn)
    {
        using var model = world.Learn();
        Array.ForEach(withdrawn, id => Assert.True(model.Shared.View.Remove(id)));
        var naive = new NaiveRanker(world, withdrawn.ToHashSet());
        var weights = RandomWeights(seed);
        foreach (var state in World.States(model))
        {
            var expected = naive.Scores(state.User, query, [.. weights.Select(w => (double)w)], world.NowSeconds);
            var actual = Ranked(model, state, 1000, world.NowSeconds, weights, query);
            Assert.Equal(expected.Keys.Order(), actual.Select(r => r.Id).Order());
            var tolerance = naive.IsBetweenQuarters(state.User) ? 0.05 : 1e-3;
            Assert.All(actual, r => Assert.Equal(expected[r.Id], r.Score, tolerance));
            AssertSameOrder(expected, actual, 2 * tolerance);
        }
    }

    private static void AssertSameOrder(Dictionary<string, double> expected, (string Id, float Score)[] actual, double gap)
    {
        for (var i = 1; i < actual.Length; i++)
        {
            if (expected.TryGetValue(actual[i - 1].Id, out var before) && expected.TryGetValue(actual[i].Id, out var after))
            {
                Assert.True(before > after - gap, $"{actual[i - 1].Id} before {actual[i].Id}");
            }
        }
    }

    private static (string Id, float Score)[] Ranked(
        SequentialModel model, UserState state, int count, long now, float[]? weights = null, RecommendationQuery? query = null)
    {
        var ranker = new Ranker();
        using var lease = model.Shared.View.Read();
        var found = ranker.Rank(model.Shared.View, state, query ?? new RecommendationQuery(), weights ?? BlendWeights.Start.Of(0), now, count);
        return [.. Enumerable.Range(0, found).Select(i => (model.Shared.Index.Id(ranker.Top[i]), ranker.TopScores[i]))];
    }

    private static float[] RandomWeights(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Features.Number).Select(_ => (float)((random.NextDouble() * 1.2) - 0.2))];
    }

    private static RecommendationQuery Query(string filter) => filter switch
    {
        "none" => new(),
        "genres" => new() { Genres = ["drama", "Horror", "no such genre"] },
        "years" => new() { YearFrom = 1960, YearTo = 1999 },
        "from" => new() { YearFrom = 1980 },
        "languages" => new() { Languages = ["fr"] },
        "votes" => new() { MinVotes = 3 },
        "exclude" => new() { Exclude = [.. Some, "never heard of"] },
        "seen" => new() { IncludeSeen = true },
        "all" => new() { Genres = ["Comedy"], YearTo = 2010, Languages = ["en"], MinVotes = 1, Exclude = Some, IncludeSeen = true },
        _ => throw new ArgumentOutOfRangeException(nameof(filter)),
    };
}
