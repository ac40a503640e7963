using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Tests.Catalogue;

public sealed class CatalogueViewTests
{
    [Fact]
    public void Apply_OfADeltaTwice_IsOnce()
    {
        var world = new World(1);
        using var once = new CatalogueView(new MovieIndex());
        using var twice = new CatalogueView(new MovieIndex());
        Feed(world, once, 1);
        Feed(world, twice, 2);
        AssertSame(world, once, twice);
        Assert.Equal(once.Interactions, twice.Interactions);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task LoadOrApply_OfWholeDescriptions_EqualsDeltaByDelta(int seed)
    {
        var world = new World(seed, movies: 100, events: 800);
        using var model = world.Learn();
        using var applied = new CatalogueView(new MovieIndex());
        using var loaded = new CatalogueView(new MovieIndex());
        foreach (var movie in world.Movies.Reverse())
        {
            applied.Put(movie);
            loaded.Put(movie);
        }

        foreach (var delta in Describe(applied))
        {
            applied.Apply(delta);
        }

        await loaded.LoadAsync(Describe(loaded).ToAsyncEnumerable());
        foreach (var started in new[] { applied, loaded })
        {
            AssertSame(world, model.Shared.View, started);
            Assert.Equal(model.Shared.View.Interactions, started.Interactions);
            Assert.Equal(model.Shared.View.LatestSeconds, started.LatestSeconds);
        }

        // As a process starts that finds the states in a store.
        IEnumerable<TraitsDelta> Describe(CatalogueView view)
        {
            var delta = new TraitsDelta();
            foreach (var movie in model.Movies.Values.Reverse())
            {
                MovieState.FromBytes(movie.Movie, movie.Version, movie.ToBytes(), view.Index).Describe(delta);
                yield return delta;
            }
        }
    }

    [Fact]
    public void Apply_OfMoviesThatNobodyTook_LeavesThemRankable()
    {
        // A store with a catalogue and no interaction: every count is 0, and so is the maximum.
        using var view = new CatalogueView(new MovieIndex());
        var delta = new TraitsDelta();
        foreach (var id in new[] { "a", "b", "c" })
        {
            view.Put(Make.Movie(id));
            new MovieState(id, view.Index).Describe(delta);
            view.Apply(delta);
        }

        var ranker = new Ranker();
        using var lease = view.Read();
        var found = ranker.Rank(view, Make.User([], view.Index), new RecommendationQuery(), BlendWeights.Start.Of(0), Make.StartSeconds, 10);
        Assert.Equal(["a", "b", "c"], ranker.Top.Take(found).Select(view.Index.Id));
        Assert.All(ranker.TopScores.Take(found), score => Assert.True(float.IsFinite(score)));
    }

    [Fact]
    public void Apply_OfAbsoluteValues_ReplacesAndZeroRemoves()
    {
        using var view = new CatalogueView(new MovieIndex());
        var (a, b) = (view.Index.Handle("a"), view.Index.Handle("b"));
        var delta = new TraitsDelta { Movie = a, Count = 2, FirstSeenSeconds = 100, LatestSeconds = 200 };
        delta.In.Add(Make.Entry(b, 256));
        delta.Out.Add(Make.Entry(b, 205));
        view.Apply(delta);
        Assert.Equal((461f, 256f), (view.Row(a)!.Total(b) + view.Row(b)!.Total(a), view.Row(b)!.Total(a)));

        delta.In[0] = Make.Entry(b, 300);
        delta.Out[0] = Make.Entry(b, 0);
        view.Apply(delta);
        Assert.Equal((0f, 300f), (view.Row(a)!.Total(b), view.Row(b)!.Total(a)));
        Assert.Equal(2, view.Count(a));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Row_BeyondItsLimit_KeepsTheHighestForThePopularity(bool load)
    {
        using var view = new CatalogueView(new MovieIndex());
        var x = view.Index.Handle("x");
        var deltas = Enumerable.Range(0, 501).Select(i =>
        {
            var delta = new TraitsDelta { Movie = view.Index.Handle($"n{i}"), Count = i % 2 == 0 ? 1 : 10_000, FirstSeenSeconds = 1, LatestSeconds = 1 };
            delta.In.Add(Make.Entry(x, 256 + i));
            return delta;
        });
        if (load)
        {
            await view.LoadAsync(deltas.ToAsyncEnumerable());
        }
        else
        {
            foreach (var delta in deltas)
            {
                view.Apply(delta);
            }
        }

        var row = view.Row(x)!;
        Assert.Equal(400, row.Count);
        var names = row.Movies.ToArray().Select(movie => int.Parse(view.Index.Id(movie)[1..])).ToHashSet();
        Assert.All(Enumerable.Range(0, 251).Select(i => 2 * i), rare => Assert.Contains(rare, names));
        Assert.DoesNotContain(1, names);
        Assert.Contains(499, names);
    }

    [Fact]
    public void Remove_ThenPut_TakesAMovieOffListsAndBackWithWhatWasLearned()
    {
        var world = new World(2);
        using var model = world.Learn();
        var view = model.Shared.View;
        var before = view.Describe("m0", world.NowSeconds)!;
        Assert.True(view.Remove("m0"));
        Assert.False(view.Remove("m0"));
        Assert.False(view.Remove("no such movie"));
        Assert.Null(view.Describe("m0", world.NowSeconds));
        Assert.Equal((39, "m0"), (view.ListedCount, view.Title("m0")));
        Assert.DoesNotContain(view.DescribeAll(world.NowSeconds), movie => movie.Metadata.Id == "m0");

        view.Put(world.Movies[0] with { Title = "Back again" });
        var after = view.Describe("m0", world.NowSeconds)!;
        Assert.Equal((before.Count, before.FirstSeenSeconds, "Back again", 40), (after.Count, after.FirstSeenSeconds, after.Metadata.Title, view.ListedCount));
        Assert.Equal(before.Popularity, after.Popularity);
    }

    [Fact]
    public void Describe_OfAMovie_GivesPopularityAsOfATime()
    {
        using var view = new CatalogueView(new MovieIndex());
        view.Put(Make.Movie("a"));
        var state = Make.MovieOf("a", [Make.Signal("a", new(0, 0, 0, 0), 0), Make.Signal("a", new(0, 0, 1, 0), 86400)], view.Index);
        var delta = new TraitsDelta();
        state.Describe(delta);
        view.Apply(delta);
        var later = view.Describe("a", Make.StartSeconds + (3 * 86400))!;
        Assert.Equal(Math.Exp(-3.0 / 7) + Math.Exp(-2.0 / 7), later.Popularity[1], 1e-5);
        Assert.Equal(Math.Exp(-3.0 / 90) + Math.Exp(-2.0 / 90), later.Popularity[2], 1e-5);
        Assert.Equal((2, Make.StartSeconds), (later.Count, later.FirstSeenSeconds));
    }

    [Fact]
    public async Task Read_OfManyThreadsWhileOneApplies_SeesWholeStates()
    {
        var world = new World(5, movies: 300, events: 3000);
        using var model = new SequentialModel(new ModelOptions());
        var view = model.Shared.View;
        using var finished = new CancellationTokenSource();
        var started = new CountdownEvent(3);
        var readers = Enumerable.Range(0, 3).Select(number => Task.Factory.StartNew(
            () =>
            {
                var ranker = new Ranker();
                var state = Make.User(world.Events.Take(40 * (number + 1)), view.Index);
                var rankings = 0;
                for (var last = false; !last; rankings++)
                {
                    last = finished.IsCancellationRequested;
                    using (var lease = view.Read())
                    {
                        var found = ranker.Rank(view, state, new RecommendationQuery(), BlendWeights.Start.Of(4), world.NowSeconds, 20);
                        for (var i = 0; i < found; i++)
                        {
                            Assert.NotNull(view.MetadataOf(ranker.Top[i]));
                            Assert.True(float.IsFinite(ranker.TopScores[i]));
                        }
                    }

                    _ = view.Describe("m1", world.NowSeconds);
                    if (rankings == 0)
                    {
                        started.Signal();
                    }
                }

                return rankings;
            },
            TestContextToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        Assert.True(started.Wait(TimeSpan.FromSeconds(60), TestContextToken));
        foreach (var movie in world.Movies)
        {
            model.Put(movie);
        }

        foreach (var interaction in world.Events)
        {
            model.Learn(interaction, test: false);
        }

        await finished.CancelAsync();
        var counts = await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(60), TestContextToken);
        Assert.All(counts, count => Assert.True(count > 1));
        using var alone = world.Learn();
        AssertSame(world, alone.Shared.View, view);
    }

    private static CancellationToken TestContextToken => CancellationToken.None;

    private static void Feed(World world, CatalogueView view, int times)
    {
        using var model = new SequentialModel(new ModelOptions());
        var states = world.Movies.ToDictionary(movie => movie.Id, movie => new MovieState(movie.Id, view.Index));
        foreach (var movie in world.Movies)
        {
            model.Put(movie);
            view.Put(movie);
        }

        var delta = new TraitsDelta();
        foreach (var interaction in world.Events)
        {
            if (model.Learn(interaction, test: false).Signal is { } signal)
            {
                Assert.True(states[signal.Movie].Apply(states[signal.Movie].Version, signal, view, delta));
                for (var i = 0; i < times; i++)
                {
                    view.Apply(delta);
                }
            }
        }
    }

    /// <summary>Rows and counts are equal; what decays is equal but for single precision.</summary>
    private static void AssertSame(World world, CatalogueView expected, CatalogueView actual)
    {
        foreach (var movie in world.Movies)
        {
            var (a, b) = (expected.Index.Handle(movie.Id), actual.Index.Handle(movie.Id));
            Assert.Equal(RowOf(expected, a), RowOf(actual, b));
            var (x, y) = (expected.Describe(movie.Id, world.NowSeconds)!, actual.Describe(movie.Id, world.NowSeconds)!);
            Assert.Equal((x.Count, x.FirstSeenSeconds), (y.Count, y.FirstSeenSeconds));
            Assert.All(x.Popularity.Zip(y.Popularity), p => Assert.Equal(p.First, p.Second, 1e-5 * Math.Max(1, p.First)));
        }

        foreach (var (a, b) in Scores(world, expected).Zip(Scores(world, actual)))
        {
            Assert.Equal(a.Key, b.Key);
            Assert.Equal(a.Value, b.Value, 1e-4);
        }
    }

    private static SortedDictionary<string, float> RowOf(CatalogueView view, int movie)
    {
        var entries = new SortedDictionary<string, float>(StringComparer.Ordinal);
        if (view.Row(movie) is { } row)
        {
            for (var i = 0; i < row.Count; i++)
            {
                entries[view.Index.Id(row.Movies[i])] = row.Totals[i];
            }
        }

        return entries;
    }

    private static SortedDictionary<string, double> Scores(World world, CatalogueView view)
    {
        var ranker = new Ranker();
        var state = Make.User(world.Events.Take(30), view.Index);
        using var lease = view.Read();
        var found = ranker.Rank(view, state, new RecommendationQuery(), BlendWeights.Start.Of(4), world.NowSeconds, 1000);
        return new(Enumerable.Range(0, found).ToDictionary(i => view.Index.Id(ranker.Top[i]), i => (double)ranker.TopScores[i]), StringComparer.Ordinal);
    }
}
