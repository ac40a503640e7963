using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Grains.Tests.Support;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Standalone.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Cinegrain.Grains.Tests;

/// <summary>One log of interactions, in lockstep, in a cluster and in one process.</summary>
public sealed class LockstepTests
{
    [ClusterFact]
    public async Task Lists_InLockstep_AreThoseOfOneProcessOverTheSameLog()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1, options => options with { Lockstep = true });
        await cluster.PutCatalogueAsync();
        var positions = await cluster.InteractAsync(events: 300, viewers: 20, seed: 31);
        await cluster.PersistedAsync(Topics.Interactions);

        using var folder = new TemporaryFolder(Directory.CreateTempSubdirectory("cinegrain-lockstep-"));
        await using var log = SqliteLog.Open(
            folder.Path, new SqliteLogOptions { Partitions = new Dictionary<string, int> { [Topics.Interactions] = 1 } }, TimeProvider.System);
        await CopyAsync(cluster.Log, log, Topics.Movies);
        await CopyAsync(cluster.Log, log, Topics.Interactions);
        await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
        using var shared = new SharedModel(new ModelOptions());
        await using var engine = new RecommendationEngine(
            log, store, shared, new EngineOptions { Lockstep = true }, TimeProvider.System, NullLogger<RecommendationEngine>.Instance);
        await engine.StartAsync(CancellationToken.None);
        await engine.CaughtUp;

        var learned = GrainCluster.SharedOf(cluster.Cluster.Silos[0]);
        Assert.NotEqual(WeightsOf(BlendWeights.Start), WeightsOf(shared.Weights));
        Assert.Equal(WeightsOf(shared.Weights), WeightsOf(learned.Weights));
        foreach (var (user, position) in positions)
        {
            var (expected, actual) = await AtOneTimeAsync(
                now => engine.UseUserAsync(user, now, static (actor, at) => actor.Recommend(new RecommendationQuery(), at), CancellationToken.None),
                () => cluster.RecommendAsync(user));
            Assert.Equal((position.Offset + 1, position.Offset + 1), (expected.Position, actual.Position));
            Assert.Equal(expected.Items.Select(item => item.Movie), actual.Items.Select(item => item.Movie));

            // Compared to what single precision leaves of sums that were made in another order.
            Assert.All(expected.Items.Zip(actual.Items), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-4));
        }
    }

    private static float[] WeightsOf(BlendWeights weights) => [.. Enumerable.Range(0, BlendWeights.Buckets).SelectMany(bucket => weights.Of(bucket).ToArray())];

    /// <summary>Both lists as of one second, since they are as of the second they are asked in.</summary>
    private static async Task<(RecommendationList Expected, RecommendationList Actual)> AtOneTimeAsync(
        Func<long, ValueTask<RecommendationList>> expected, Func<Task<RecommendationList>> actual)
    {
        while (true)
        {
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            var list = await actual();
            if (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() == now)
            {
                return (await expected(now), list);
            }
        }
    }

    private static async Task CopyAsync(ILog from, ILog to, string topic)
    {
        var records = new List<LogEntry>();
        for (var partition = 0; partition < from.PartitionCount(topic); partition++)
        {
            await foreach (var record in Reference.RecordsAsync(from, topic, partition))
            {
                records.Add(new LogEntry(topic, record.Key, record.Value));
            }
        }

        await to.AppendAsync(records, CancellationToken.None);
    }

    private sealed class TemporaryFolder(DirectoryInfo folder) : IDisposable
    {
        public string Path => folder.FullName;

        public void Dispose() => folder.Delete(recursive: true);
    }
}
