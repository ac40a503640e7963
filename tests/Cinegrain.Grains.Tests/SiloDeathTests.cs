using Cinegrain.Grains.Tests.Support;
using Cinegrain.Model.Ports;
using Orleans.Runtime;
using Orleans.TestingHost;
using Xunit;

namespace Cinegrain.Grains.Tests;

/// <summary>Silos that come and go while there is something to learn.</summary>
public sealed class SiloDeathTests
{
    private const int Viewers = 60;

    [ClusterFact]
    public async Task Kill_OfOneOfThreeSilos_LeavesTheStatesOfARunWithoutFaults()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 3);
        await cluster.PutCatalogueAsync();
        await cluster.InteractAsync(events: 1_500, viewers: Viewers, seed: 21);

        // While what was appended is still learned.
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[1]);
        var positions = await cluster.InteractAsync(events: 1_500, viewers: Viewers, seed: 22);
        await cluster.AppliedAsync(positions);

        await cluster.AssertAsReferenceAsync();
    }

    /// <summary>
    /// Users and movies live on another silo than their reader and die with it, with all they learned and had not persisted. Their reader lives: of some it
    /// has more to deliver, so that their next activations find a gap; of the others it has not, and the checkpoint finds them. What the dead silo had on its
    /// way to the store comes last.
    /// </summary>
    [ClusterFact]
    public async Task Kill_OfTheSiloOfTheGrainsAlone_WhileTheirReaderLives_LosesNothing()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 2);
        var (lives, dies) = (cluster.Cluster.Silos[0], cluster.Cluster.Silos[1]);
        await MoveApartAsync(cluster, Topics.Signals, GrainCluster.Catalogue.Select(movie => movie.Id), async key =>
        {
            var grain = cluster.Grains.GetGrain<IMovieGrain>(key);
            await grain.PersistAsync(long.MaxValue);
            return grain;
        });
        var apart = await MoveApartAsync(cluster, Topics.Interactions, Enumerable.Range(0, Viewers).Select(GrainCluster.UserOf), async key =>
        {
            var grain = cluster.Grains.GetGrain<IUserGrain>(key);
            await grain.PersistAsync(long.MaxValue);
            return grain;
        });
        await cluster.PutCatalogueAsync();
        await cluster.AppliedAsync(await cluster.InteractAsync(events: 500, viewers: Viewers, seed: 40));
        await cluster.PersistedAsync(Topics.Interactions, Topics.Signals);
        var early = await CheckpointsAsync(cluster);
        cluster.StoreOf(lives).Hold();
        cluster.StoreOf(dies).Hold();
        await cluster.AppliedAsync(await cluster.InteractAsync(events: 1_000, viewers: Viewers, seed: 41));
        foreach (var user in apart)
        {
            Assert.Equal(dies.SiloAddress, await cluster.WhereAsync(cluster.Grains.GetGrain<IUserGrain>(user)));
        }

        // Half of the viewers only, while the silo dies and until the others have noticed.
        var killing = cluster.Cluster.KillSiloAsync(dies);
        var seed = 42UL;
        var positions = new Dictionary<string, LogPosition>(StringComparer.Ordinal);
        do
        {
            foreach (var (user, position) in await cluster.InteractAsync(events: 100, viewers: Viewers / 2, seed++))
            {
                positions[user] = position;
            }
        }
        while (!killing.IsCompleted);
        await killing;
        cluster.StoreOf(lives).Release();
        await cluster.AppliedAsync(positions);
        await cluster.AssertAsReferenceAsync();

        var late = cluster.StoreOf(dies).Held.ToList();
        Assert.Contains(late, write => write.States.Any(state => state.Kind == ActorKind.User));
        var stored = await CheckpointsAsync(cluster);
        await using var store = cluster.OpenStore();
        foreach (var (states, checkpoint) in late)
        {
            await store.WriteAsync(states, checkpoint, CancellationToken.None);
        }

        foreach (var checkpoint in early)
        {
            await store.WriteAsync([], checkpoint, CancellationToken.None);
        }

        Assert.Equal(stored.Select(Place), (await CheckpointsAsync(cluster)).Select(Place));
        await cluster.AssertAsReferenceAsync();
    }

    [ClusterFact]
    public async Task Silos_OneToThreeToOne_LoseNothing()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 1);
        await cluster.PutCatalogueAsync();
        await cluster.InteractAsync(events: 1_000, viewers: 50, seed: 31);
        var second = await cluster.Cluster.StartAdditionalSiloAsync();
        var third = await cluster.Cluster.StartAdditionalSiloAsync();
        await cluster.InteractAsync(events: 1_000, viewers: 50, seed: 32);
        await cluster.Cluster.StopSiloAsync(second);
        await cluster.Cluster.StopSiloAsync(third);
        var positions = await cluster.InteractAsync(events: 1_000, viewers: 50, seed: 33);
        await cluster.AppliedAsync(positions);

        await cluster.AssertAsReferenceAsync();
    }

    /// <summary>The store takes nothing for longer than the caches have room: reading waits, and nothing is lost.</summary>
    [ClusterFact]
    public async Task Store_ThatTakesNothingUntilTheCachesAreFull_HoldsUpReadingAndLosesNothing()
    {
        const int Cached = 200, Pulled = 1_000;
        await using var cluster = await GrainCluster.StartAsync(silos: 1, options => options with { CachedRecords = Cached });
        await cluster.PutCatalogueAsync();
        await cluster.PersistedAsync(Topics.Signals);
        using var meter = new StreamMeter(cluster.TopicPrefix + Topics.Interactions);
        var store = cluster.StoreOf(cluster.Cluster.Silos[0]);
        store.Hold();
        var positions = await cluster.InteractAsync(events: 8_000, viewers: 200, seed: 51);

        // A full cache, a write that waits for the store, and records left unread: each comes in its own time.
        await cluster.SoonAsync(() => Task.FromResult(
            meter.Read("kafka.streams.cached").Max() >= Cached && !store.Held.IsEmpty && meter.Read("kafka.streams.lag").Sum() > 0));
        Assert.Equal(10, (await cluster.RecommendAsync(GrainCluster.UserOf(1))).Items.Count);

        // One pull above the bound at most.
        Assert.All(meter.Read("kafka.streams.cached"), count => Assert.InRange(count, 0, Cached + Pulled));
        store.Release();
        await cluster.AppliedAsync(positions);
        await cluster.AssertAsReferenceAsync();
    }

    /// <summary>Has grains live on the silo that does not read their partition; the keys of those that live on the second silo.</summary>
    private static async Task<List<string>> MoveApartAsync(GrainCluster cluster, string topic, IEnumerable<string> keys, Func<string, Task<IAddressable>> activate)
    {
        var (first, second) = (cluster.Cluster.Silos[0].SiloAddress, cluster.Cluster.Silos[1].SiloAddress);
        var partitions = cluster.Log.PartitionCount(topic);
        var readers = new Dictionary<int, SiloAddress?>();
        var onSecond = new List<string>();
        foreach (var key in keys)
        {
            // Grains live beside the reader unless they are told otherwise, so one of the partition shows where that is.
            var partition = Partitioner.Partition(key, partitions);
            if (!readers.TryGetValue(partition, out var reader))
            {
                var shown = Enumerable.Range(0, int.MaxValue).Select(i => $"shows-{i}").First(other => Partitioner.Partition(other, partitions) == partition);
                readers[partition] = reader = await cluster.WhereAsync(await activate(shown));
            }

            var there = first.Equals(reader) ? second : first;
            await GrainCluster.OnSiloAsync(there, async () => Assert.Equal(there, await cluster.WhereAsync(await activate(key))));
            if (there.Equals(second))
            {
                onSecond.Add(key);
            }
        }

        Assert.NotEmpty(onSecond);
        return onSecond;
    }

    private static async Task<List<Checkpoint>> CheckpointsAsync(GrainCluster cluster)
    {
        await using var store = cluster.OpenStore();
        var checkpoints = new List<Checkpoint>();
        foreach (var topic in new[] { Topics.Interactions, Topics.Signals })
        {
            for (var partition = 0; partition < cluster.Log.PartitionCount(topic); partition++)
            {
                checkpoints.Add((await store.LoadCheckpointAsync(topic, partition, CancellationToken.None))!);
            }
        }

        return checkpoints;
    }

    private static (string Topic, int Partition, long Offset, int Epoch) Place(Checkpoint checkpoint) =>
        (checkpoint.Topic, checkpoint.Partition, checkpoint.Offset, checkpoint.Epoch);
}
