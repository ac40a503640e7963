using Cinegrain.Grains.Tests.Support;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Xunit;

namespace Cinegrain.Grains.Tests;

/// <summary>From an appended interaction to a list and to the store, on one silo and on several.</summary>
public sealed class LearningTests
{
    [ClusterFact]
    public async Task Recommend_AfterInteractions_HasTheirEffectAndTheStatesAreThoseOfTheLog()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        await cluster.PutCatalogueAsync();
        var newcomer = await cluster.RecommendAsync("nobody");

        var positions = await cluster.InteractAsync(events: 2_000, viewers: 60, seed: 3);
        await cluster.AppliedAsync(positions);

        Assert.Equal((10, 0L), (newcomer.Items.Count, newcomer.Position));
        foreach (var (user, position) in positions)
        {
            var list = await cluster.RecommendAsync(user);
            Assert.Equal((10, position.Offset + 1), (list.Items.Count, list.Position));
        }

        await cluster.AssertAsReferenceAsync();

        // What movies learned is in the view.
        var view = GrainCluster.SharedOf(cluster.Cluster.Silos[0]).View;
        Assert.True(view.Interactions > 0);
    }

    [ClusterFact]
    public async Task View_OfASiloThatDidNotLearn_HasWhatOthersLearned()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 2);
        await cluster.PutCatalogueAsync();
        await cluster.AppliedAsync(await cluster.InteractAsync(events: 1_000, viewers: 40, seed: 5));
        await cluster.AssertAsReferenceAsync();

        var late = await cluster.Cluster.StartAdditionalSiloAsync();
        var views = cluster.Cluster.Silos.Select(silo => GrainCluster.SharedOf(silo).View).ToList();
        await GrainCluster.UntilAsync(() => Task.FromResult(views.All(view => view.Interactions == views[0].Interactions)));
        Assert.True(views[0].Interactions > 500);
        Assert.Contains(GrainCluster.SharedOf(late).View, views);
        Assert.All(GrainCluster.Catalogue, movie => Assert.All(
            views, view => Assert.Equal(views[0].Describe(movie.Id, 0)!.Count, view.Describe(movie.Id, 0)!.Count)));
    }

    [ClusterFact]
    public async Task Record_ThatCannotBeRead_IsRejectedAndStopsNothing()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        await cluster.PutCatalogueAsync();
        var first = GrainCluster.Interaction("user-1", GrainCluster.Catalogue[0].Id, InteractionKind.Like, null, DateTimeOffset.UnixEpoch.AddYears(50), "a");
        await cluster.AppendAsync([first]);
        await cluster.Log.AppendAsync([new LogEntry(Topics.Interactions, "user-1", "no json"u8.ToArray())], CancellationToken.None);
        var last = await cluster.AppendAsync([first with { Id = "b", Movie = GrainCluster.Catalogue[1].Id }]);

        await cluster.AppliedAsync(last);
        await cluster.PersistedAsync(Topics.Interactions);

        Assert.Equal(2, (await cluster.Grains.GetGrain<IUserGrain>("user-1").ProfileAsync())!.Value.Value.Interactions);
        var rejected = await cluster.Log.ReadAsync(Topics.Rejected, 0, 0, 10, CancellationToken.None);
        Assert.Contains("unreadable-record", System.Text.Encoding.UTF8.GetString(Assert.Single(rejected).Value.Span), StringComparison.Ordinal);
    }

    /// <summary>What fails for good, unlike what is away for a while, is not tried again as it is: whoever emitted it begins anew.</summary>
    [ClusterFact]
    public async Task Append_ThatFails_IsMadeAgainByWhoeverEmittedIt()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        await cluster.PutCatalogueAsync();
        await cluster.PersistedAsync(Topics.Signals);
        foreach (var topic in new[] { Topics.Signals, Topics.CatalogDeltas, Topics.Catalog })
        {
            cluster.Refused[topic] = 2;
        }

        await cluster.InteractAsync(events: 500, viewers: 40, seed: 6);

        await cluster.AssertAsReferenceAsync();
        Assert.All(cluster.Refused.Values, left => Assert.True(left <= 0));
    }
}
