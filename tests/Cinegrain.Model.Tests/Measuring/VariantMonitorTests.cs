using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Tests.Measuring;

public sealed class VariantMonitorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(1)]
    public void VariantOf_ManyUsers_GivesTheShareItsVariantForEver(double share)
    {
        using var shared = new SharedModel(new ModelOptions { Stage1Share = share });
        var stage1 = Enumerable.Range(0, 4000).Count(i => shared.VariantOf($"k1-{i}") == ModelVariant.Stage1);
        Assert.Equal(share, stage1 / 4000.0, 0.03);
        Assert.Equal(shared.VariantOf("k1-7"), shared.VariantOf("k1-7"));
    }

    [Fact]
    public void Lists_OfAUser_AreOfferedOnceAndFollowedOnce()
    {
        var world = new World(3, movies: 60, users: 6, events: 400);
        using var model = world.Learn();
        var user = model.User("k1-u1");
        var query = new RecommendationQuery();
        var list = user.Recommend(query, world.NowSeconds);
        user.Recommend(query, world.NowSeconds);
        var monitor = model.Shared.Monitor;
        Assert.Equal((1, 0), (monitor.Offered(ModelVariant.Stage2), monitor.Followed(ModelVariant.Stage2)));

        // What is skipped, or was not on the list, follows nothing; a second movie of the same list counts no more.
        var elsewhere = world.Movies.First(movie => list.Items.All(item => item.Movie != movie.Id));
        foreach (var (movie, kind, followed) in new[]
        {
            (list.Items[0].Movie, InteractionKind.Skip, 0), (elsewhere.Id, InteractionKind.Like, 0), (list.Items[3].Movie, InteractionKind.Like, 1),
            (list.Items[4].Movie, InteractionKind.Like, 1),
        })
        {
            model.Learn(Make.Interaction(movie, 999_999, kind, user: "k1-u1"), test: false);
            Assert.Equal(followed, monitor.Followed(ModelVariant.Stage2));
        }

        user.Recommend(query, world.NowSeconds);
        Assert.Equal((2, 0), (monitor.Offered(ModelVariant.Stage2), monitor.Offered(ModelVariant.Stage1)));
    }

    [Fact]
    public void Recommend_ToUsersOfEachVariant_IsStage1OrBoth()
    {
        var world = new World(5, movies: 150, users: 10, events: 2500);
        using var both = Learn(0);
        using var blend = Learn(1);
        var differ = world.Events.Select(e => e.User).Distinct().Count(user =>
            !Ids(both, user).SequenceEqual(Ids(blend, user)));
        Assert.True(differ >= 5, $"the lists of {differ} users differ");

        SequentialModel Learn(double share)
        {
            var model = new SequentialModel(new ModelOptions { Stage1Share = share });
            Array.ForEach(world.Movies, model.Put);
            Array.ForEach(world.Events, e => model.Learn(e, test: true));
            return model;
        }

        IEnumerable<string> Ids(SequentialModel model, string user) =>
            model.User(user).Recommend(new RecommendationQuery(), world.NowSeconds).Items.Select(item => item.Movie);
    }

    [Fact]
    public void Covered_OfManyLists_ForgetsTheOldest()
    {
        var monitor = new VariantMonitor();
        monitor.NoteTested(ModelVariant.Stage1, [1, 2, 3]);
        Assert.Equal((3, 0), (monitor.Covered(ModelVariant.Stage1), monitor.Covered(ModelVariant.Stage2)));
        for (var i = 0; i < 2 * VariantMonitor.Window; i++)
        {
            monitor.NoteTested(ModelVariant.Stage1, [7]);
        }

        Assert.Equal(1, monitor.Covered(ModelVariant.Stage1));
    }
}
