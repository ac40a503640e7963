using System.Collections.Concurrent;
using System.Diagnostics;
using Cinegrain.Grains.Tests.Support;
using Cinegrain.Model.Events;
using Xunit;

namespace Cinegrain.Grains.Tests;

/// <summary>An interaction's trace from its append to what its movie learns of it.</summary>
public sealed class TracingTests
{
    [ClusterFact]
    public async Task Interaction_OfARecordedTrace_IsLearnedByItsUserAndItsMovieInThatTrace()
    {
        using var request = new ActivitySource("Cinegrain.Tests.Request");
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == request.Name || source.Name == "Cinegrain.Grains",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        await cluster.PutCatalogueAsync();
        var traced = GrainCluster.Interaction("user-1", GrainCluster.Catalogue[0].Id, InteractionKind.Like, null, DateTimeOffset.UnixEpoch.AddYears(50), "a");

        var before = await cluster.AppendAsync([traced with { Id = "0", Movie = GrainCluster.Catalogue[1].Id }]);
        ActivityContext post;
        Dictionary<string, Model.Ports.LogPosition> position;
        using (var activity = request.StartActivity("POST", ActivityKind.Server))
        {
            post = activity!.Context;
            position = await cluster.AppendAsync([traced]);
        }

        var after = await cluster.AppendAsync([traced with { Id = "1", Movie = GrainCluster.Catalogue[2].Id }]);
        await cluster.AppliedAsync(after);
        await GrainCluster.UntilAsync(() => Task.FromResult(ended.Any(span => span.OperationName == "learn movie")));
        await cluster.AssertAsReferenceAsync();

        // What came without a trace, before and after, has no span.
        var user = Assert.Single(ended, span => span.OperationName == "learn user");
        var movie = Assert.Single(ended, span => span.OperationName == "learn movie");
        Assert.Equal((post.TraceId, post.SpanId), (user.TraceId, user.ParentSpanId));
        Assert.Equal((post.TraceId, user.SpanId), (movie.TraceId, movie.ParentSpanId));
        Assert.Equal(position["user-1"].Offset, user.GetTagItem("messaging.kafka.offset"));
        Assert.True(before["user-1"].Offset < position["user-1"].Offset);
        Assert.DoesNotContain(ended.SelectMany(span => span.TagObjects), tag => $"{tag.Value}".Contains("user-1", StringComparison.Ordinal));
    }
}
