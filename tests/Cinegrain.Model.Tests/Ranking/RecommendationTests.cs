using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Tests.Ranking;

/// <summary>The lists that a user's actor makes: reasons, diversity, exploration, newcomers, cold movies; and the charts.</summary>
public sealed class RecommendationTests
{
    private static readonly World Shared = new(21, movies: 200, users: 20, events: 3000);

    [Fact]
    public void Recommend_WithReasons_HasSharesThatSumTo1AndNameMoviesOfTheHistory()
    {
        using var model = Shared.Learn();
        var because = 0;
        foreach (var state in World.States(model))
        {
            var history = Enumerable.Range(1, state.HistoryCount).Select(d => model.Shared.Index.Id(state.HistoryMovie(d))).ToHashSet();
            var list = model.User(state.User).Recommend(new RecommendationQuery { Count = 20, Explain = true }, Shared.NowSeconds);
            Assert.Equal(20, list.Items.Count);
            foreach (var item in list.Items)
            {
                Assert.NotEmpty(item.Reasons!);
                Assert.Equal(1, item.Reasons!.Sum(r => r.Share), 1e-3);
                Assert.All(item.Reasons!, r => Assert.InRange(r.Share, 0, 1));
                Assert.Equal(item.Reasons!.OrderByDescending(r => r.Share), item.Reasons!);
                foreach (var reason in item.Reasons!.Where(r => r.Kind == ReasonKind.BecauseYouWatched))
                {
                    because++;
                    Assert.Contains(reason.Movie!, history);
                    Assert.Contains($"Title of {reason.Movie}", reason.Text, StringComparison.Ordinal);
                }
            }
        }

        Assert.True(because > 50, $"{because} reasons speak of the history");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Recommend_WithReasons_HasContributionsThatSumToTheScoreLessThatOfTheAverageCandidate(double stage1Share)
    {
        using var model = new SequentialModel(new ModelOptions { Stage1Share = stage1Share });
        Array.ForEach(Shared.Movies, model.Put);
        Array.ForEach(Shared.Events, e => model.Learn(e, test: true));
        var explained = 0;
        foreach (var state in World.States(model))
        {
            var list = model.User(state.User).Recommend(new RecommendationQuery { Count = 100, Explain = true }, Shared.NowSeconds);
            var bucket = BlendWeights.Bucket(state.HistoryCount, Shared.NowSeconds - state.LastEventSeconds);
            var ranker = new TwoStageRanker();
            using var lease = model.Shared.View.Read();
            var variant = model.Shared.VariantOf(state.User);
            var found = ranker.Rank(model.Shared, state, new RecommendationQuery(), bucket, variant, describe: true, Shared.NowSeconds, 100);
            var average = variant == ModelVariant.Stage2
                ? model.Shared.Rerank.ScoreOfAverage(ranker.Table, bucket)
                : ranker.TopScores.Take(found).Average(score => (double)score);
            foreach (var item in list.Items)
            {
                explained++;
                Assert.Equal(item.Score - average, item.Reasons!.Sum(reason => reason.Contribution), 2e-3);
                Assert.All(item.Reasons!, reason => Assert.True(reason.Share == 0 || reason.Contribution > 0 || item.Reasons!.Count == 1));
                Assert.InRange(item.Reasons!.Count(reason => reason.Kind == ReasonKind.Against), 0, 1);
            }
        }

        Assert.True(explained > 500);
    }

    [Fact]
    public void Recommend_WithoutReasons_HasNone()
    {
        using var model = Shared.Learn();
        Assert.All(model.User("k1-u1").Recommend(new RecommendationQuery(), Shared.NowSeconds).Items, item => Assert.Null(item.Reasons));
    }

    [Fact]
    public void Recommend_WhatWasSeenOrDisliked_IsLeftOut()
    {
        using var model = Shared.Learn();
        var state = model.User("k1-u3").State;
        var taken = Enumerable.Range(0, state.MovieCount).ToLookup(
            place => state.IsDislikedAt(place) ? "disliked" : state.IsSeenAt(place) ? "seen" : "clicked", place => model.Shared.Index.Id(state.Movies[place]));
        Assert.True(taken["disliked"].Any() && taken["seen"].Any() && taken["clicked"].Any());

        var unseen = Ids(model, new RecommendationQuery { Count = 100 });
        Assert.Empty(unseen.Intersect(taken["disliked"].Concat(taken["seen"])));
        var withSeen = Ids(model, new RecommendationQuery { Count = 100, IncludeSeen = true });
        Assert.Empty(withSeen.Intersect(taken["disliked"]));
        Assert.NotEmpty(withSeen.Intersect(taken["seen"]));

        static string[] Ids(SequentialModel model, RecommendationQuery query) =>
            [.. model.User("k1-u3").Recommend(query, Shared.NowSeconds).Items.Select(i => i.Movie)];
    }

    [Fact]
    public void Recommend_WithMoreDiversity_GivesListsLessAlike()
    {
        using var model = Shared.Learn();
        double[] levels = [0, 0.3, 0.6, 1];
        var alike = levels.Select(diversity => World.States(model).Average(state => MeanSimilarity(
            model.Shared.View, model.User(state.User).Recommend(new RecommendationQuery { Diversity = diversity }, Shared.NowSeconds)))).ToArray();
        for (var i = 1; i < levels.Length; i++)
        {
            Assert.True(alike[i] < alike[i - 1] + 0.01, string.Join(' ', alike));
        }

        Assert.True(alike[^1] < 0.6 * alike[0], string.Join(' ', alike));
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public void Recommend_WithDiversity_IsMaximalMarginalRelevance(double lambda)
    {
        var world = new World(22, movies: 90, users: 5, events: 300);
        using var model = world.Learn();
        var view = model.Shared.View;
        var ranked = model.User("k1-u2").Recommend(new RecommendationQuery { Count = 100 }, world.NowSeconds).Items;
        Assert.True(ranked.Count is > 20 and < 100, "the pool is the whole ranking");
        var scores = ranked.ToDictionary(i => i.Movie, i => (i.Score - ranked[^1].Score) / (ranked[0].Score - ranked[^1].Score));
        var expected = new List<string>();
        using (view.Read())
        {
            while (expected.Count < 10)
            {
                expected.Add(scores.Keys.Except(expected).MaxBy(movie => ((1 - lambda) * scores[movie]) - (lambda * expected
                    .Select(chosen => view.Content.Similarity(view.Index.Handle(chosen), view.Index.Handle(movie))).DefaultIfEmpty().Max()))!);
            }
        }

        Assert.Equal(expected, model.User("k1-u2").Recommend(new RecommendationQuery { Diversity = lambda }, world.NowSeconds).Items.Select(i => i.Movie));
    }

    [Fact]
    public void Recommend_WithoutDiversity_IsTheRanking()
    {
        using var model = Shared.Learn();
        var items = model.User("k1-u2").Recommend(new RecommendationQuery { Count = 50, Diversity = 0 }, Shared.NowSeconds).Items;
        Assert.Equal(items.OrderByDescending(i => i.Score).ThenBy(i => i.Movie, StringComparer.Ordinal), items);
        var first = model.User("k1-u2").Recommend(new RecommendationQuery { Count = 50, Diversity = 0.5 }, Shared.NowSeconds).Items[0];
        Assert.Equal(items[0].Movie, first.Movie);
    }

    [Fact]
    public void Recommend_ByDefault_ExploresNothing()
    {
        using var model = Shared.Learn();
        Assert.Equal(0, new ModelOptions().ExploreShare);
        Assert.All(
            model.User("k1-u1").Recommend(new RecommendationQuery { Explain = true, Count = 50 }, Shared.NowSeconds).Items,
            item => Assert.DoesNotContain(item.Reasons!, r => r.Kind == ReasonKind.Exploring));
    }

    [Fact]
    public void Recommend_WithAShareToExplore_GivesLastPlacesToLittleKnownMoviesOfTheDay()
    {
        using var model = new SequentialModel(new ModelOptions { ExploreShare = 0.3 });
        Array.ForEach(Shared.Movies, model.Put);
        Array.ForEach(Shared.Events, e => model.Learn(e, test: false));
        var noon = ((Shared.NowSeconds / 86400) + 1) * 86400 + 43200;
        var query = new RecommendationQuery { Explain = true };

        var list = model.User("k1-u1").Recommend(query, noon).Items;
        Assert.All(list.Take(7), item => Assert.DoesNotContain(item.Reasons!, r => r.Kind == ReasonKind.Exploring));
        Assert.All(list.Skip(7), item =>
        {
            Assert.Equal(ReasonKind.Exploring, Assert.Single(item.Reasons!).Kind);
            Assert.True(model.Shared.View.Describe(item.Movie, noon)!.Count < 5);
        });
        Assert.Equal(10, list.Select(i => i.Movie).Distinct().Count());
        Assert.Equal(list.Skip(7).Select(i => i.Movie), model.User("k1-u1").Recommend(query, noon + 7200).Items.Skip(7).Select(i => i.Movie));
        Assert.NotEqual(list.Skip(7).Select(i => i.Movie), model.User("k1-u1").Recommend(query, noon + 86400).Items.Skip(7).Select(i => i.Movie));
        Assert.NotEqual(list.Skip(7).Select(i => i.Movie), model.User("k1-u2").Recommend(query, noon).Items.Skip(7).Select(i => i.Movie));
    }

    [Fact]
    public void Recommend_ToANewcomer_ShowsSeveralGenres()
    {
        using var model = Shared.Learn();
        var list = model.User("k1-newcomer").Recommend(new RecommendationQuery(), Shared.NowSeconds);
        Assert.Equal(10, list.Items.Count);
        Assert.True(list.Items.SelectMany(i => model.Shared.View.Metadata(i.Movie)!.Genres).Distinct().Count() >= 3);
    }

    [Fact]
    public void Recommend_AfterAMovieThatNobodyElseTook_LeadsToThoseAlikeByContentAndSaysSo()
    {
        using var model = new SequentialModel(new ModelOptions());
        for (var i = 0; i < 30; i++)
        {
            model.Put(Make.Movie($"western{i:00}", 1950 + i, "Western") with { Directors = ["John Ford"] });
            model.Put(Make.Movie($"musical{i:00}", 1950 + i, "Musical"));
        }

        // Musicals are taken, each too little for a row of its own; westerns never were.
        for (var i = 0; i < 30; i++)
        {
            model.Learn(Make.Interaction($"musical{i:00}", i, user: $"k1-other{i}"), test: false);
        }

        model.Learn(Make.Interaction("western10", 100, user: "k1-me"), test: false);
        var list = model.User("k1-me").Recommend(new RecommendationQuery { Explain = true }, Make.StartSeconds + 200).Items;
        Assert.All(list.Take(5), item => Assert.StartsWith("western", item.Movie, StringComparison.Ordinal));
        Assert.Contains(list[0].Reasons!, reason => reason is { Kind: ReasonKind.BecauseYouWatched, Movie: "western10" });
    }

    [Fact]
    public void Recommend_UntilSomethingChanges_GivesTheSameInstance()
    {
        using var model = Shared.Learn();
        var actor = model.User("k1-u1");
        var query = new RecommendationQuery();
        var minute = Shared.NowSeconds / 60 * 60;
        var list = actor.Recommend(query, minute);
        Assert.Same(list, actor.Recommend(query, minute + 59));
        Assert.NotSame(list, actor.Recommend(query, minute + 60));
        Assert.NotSame(list, actor.Recommend(new RecommendationQuery { Count = 9 }, minute));
        list = actor.Recommend(query, minute);
        model.Learn(Make.Interaction("m0", 999_999, user: "k1-u9"), test: false);
        model.Shared.View.Put(Shared.Movies[0]);
        Assert.NotSame(list, actor.Recommend(query, minute));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(101, 0)]
    [InlineData(10, -0.1)]
    [InlineData(10, 1.1)]
    [InlineData(10, double.NaN)]
    public void Recommend_OutOfRange_Throws(int count, double diversity)
    {
        using var model = new SequentialModel(new ModelOptions());
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            model.User("k1-u1").Recommend(new RecommendationQuery { Count = count, Diversity = diversity }, Make.StartSeconds));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.6)]
    [InlineData(double.NaN)]
    public void Validate_OfAShareOutOfRange_SaysTheRange(double share) => Assert.Contains(
        "0 to 0.5", Assert.Throws<ArgumentException>(() => new ModelOptions { ExploreShare = share }.Validate()).Message, StringComparison.Ordinal);

    [Fact]
    public void Trending_OfAMovieOfTheLastDays_IsBeforeTheOnePopularAllAlong()
    {
        using var model = new SequentialModel(new ModelOptions());
        Array.ForEach(["steady", "sudden", "quiet"], id => model.Put(Make.Movie(id)));
        for (var day = 0; day < 180; day++)
        {
            model.Learn(Make.Interaction("steady", day * 86400, user: $"k1-a{day}"), test: false);
            if (day >= 170)
            {
                model.Learn(Make.Interaction("sudden", day * 86400, user: $"k1-b{day}"), test: false);
            }
        }

        var now = Make.StartSeconds + (180 * 86400);
        Assert.Equal(["steady", "sudden", "quiet"], MovieCharts.Popular(model.Shared.View, 10, now).Select(e => e.Movie.Metadata.Id));
        var trending = MovieCharts.Trending(model.Shared.View, 2, now);
        Assert.Equal("sudden", trending[0].Movie.Metadata.Id);
        Assert.Equal(2, trending.Count);

        // (p₇ − e) / √(e + 1) with e = p₉₀ · 7/90, from the definition of a decayed count.
        var p7 = Enumerable.Range(170, 10).Sum(day => Math.Exp(-(180 - day) / 7.0));
        var expected = Enumerable.Range(170, 10).Sum(day => Math.Exp(-(180 - day) / 90.0)) * 7 / 90;
        Assert.Equal((p7 - expected) / Math.Sqrt(expected + 1), trending[0].Score, 1e-4);
    }

    [Fact]
    public void Similar_OfAMovie_GivesThoseTakenNearItAndNullWhenUnknown()
    {
        using var model = new SequentialModel(new ModelOptions());
        Array.ForEach(["a", "b", "c", "d"], id => model.Put(Make.Movie(id, null)));
        for (var i = 0; i < 10; i++)
        {
            model.Learn(Make.Interaction("a", i * 10, user: $"k1-u{i}"), test: false);
            model.Learn(Make.Interaction(i < 8 ? "b" : "c", (i * 10) + 1, user: $"k1-u{i}"), test: false);
        }

        var similar = MovieCharts.Similar(model.Shared.View, "a", 10, Make.StartSeconds + 1000)!;
        Assert.Equal(["b", "c"], similar.Select(e => e.Movie.Metadata.Id));

        // C[a→b] is 8 events of weight 1, over (N_b + 3)^0.4.
        Assert.Equal(8 / Math.Pow(11, 0.4), similar[0].Score, 1e-4);
        Assert.Null(MovieCharts.Similar(model.Shared.View, "nothing", 10, Make.StartSeconds));
        model.Shared.View.Remove("b");
        Assert.Equal(["c"], MovieCharts.Similar(model.Shared.View, "a", 10, Make.StartSeconds + 1000)!.Select(e => e.Movie.Metadata.Id));
    }

    private static double MeanSimilarity(CatalogueView view, RecommendationList list)
    {
        int[] movies = [.. list.Items.Select(i => view.Index.Handle(i.Movie))];
        using var lease = view.Read();
        return movies.SelectMany((a, i) => movies.Skip(i + 1).Select(b => view.Content.Similarity(a, b))).Average();
    }
}
