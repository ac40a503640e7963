using Cinegrain.Contracts.Servers;
using Cinegrain.Streaming.Tests.Support;

namespace Cinegrain.Streaming.Tests.Cluster;

public sealed class FailureTests
{
    private const int Keys = 40, Records = 800;

    /// <summary>What the dead grains had and had not persisted is nobody's to tell but theirs: their next activations ask for it.</summary>
    [KafkaFact]
    public async Task KillSilo_OfTheGrainsAlone_RecordsBeforeAndAfterAreAppliedOnce()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 2);
        await cluster.Counts.CheckpointGate.WaitAsync();
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        var (other, lost) = await GrainsBesideTheReaderAsync(cluster);

        await cluster.Cluster.KillSiloAsync(cluster.Silo(other));
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        cluster.Counts.CheckpointGate.Release();
        await cluster.PersistedAsync();

        Assert.All(lost, key => Assert.True(cluster.Counts.Deliveries[key].Count > cluster.Expected[key].Count));
        AssertPositions(cluster);
    }

    /// <summary>No record follows that would make a gap visible: the barrier finds it.</summary>
    [KafkaFact]
    public async Task KillSilo_OfTheGrainsAloneAndNothingFollows_TheCheckpointHasItDeliveredAgain()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 2);
        await cluster.Counts.CheckpointGate.WaitAsync();
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        var (other, lost) = await GrainsBesideTheReaderAsync(cluster);

        await cluster.Cluster.KillSiloAsync(cluster.Silo(other));
        cluster.Counts.CheckpointGate.Release();
        await cluster.PersistedAsync();
        await cluster.Counts.UntilAsync(() => cluster.Counts.Positions.GetValueOrDefault(0).Offset == Records, "the position is the end");

        Assert.NotEmpty(lost);
        Assert.Contains(cluster.Counts.Checkpoints, checkpoint => checkpoint.Behind > 0);
        AssertPositions(cluster);
    }

    [KafkaFact]
    public async Task KillSilo_OfTheReader_AnotherGoesOnFromTheCheckpoint()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 2);
        await cluster.ProduceAsync(Records, Keys);
        await cluster.PersistedAsync();
        await cluster.Counts.CheckpointGate.WaitAsync();
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        var reader = cluster.Counts.Readers[0];

        await cluster.Cluster.KillSiloAsync(cluster.Silo(reader));
        cluster.Counts.CheckpointGate.Release();
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        await cluster.PersistedAsync();

        await cluster.Counts.UntilAsync(() => cluster.Counts.Readers[0] != reader, "another silo reads");
        AssertPositions(cluster);
    }

    [KafkaFact]
    public async Task KillSilo_OneAfterTheOtherUnderLoad_EverythingIsAppliedOnce()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 2, partitions: 4);
        for (var round = 0; round < 3; round++)
        {
            var killing = Task.Run(async () =>
            {
                await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[0]);
                await cluster.Cluster.StartAdditionalSiloAsync();
            });
            do
            {
                await cluster.ProduceAsync(100, Keys);
            }
            while (!killing.IsCompleted);
            await killing;
        }

        await cluster.PersistedAsync();
        AssertPositions(cluster);
    }

    [KafkaFact]
    public async Task Failures_OfTheCheckpointerAndThePoisonHandler_AreTriedAgain()
    {
        await using var cluster = await StreamCluster.StartAsync(
            silos: 1,
            streams: kafka => kafka.UseDataAdapter((_, _) => new RefusingAdapter()),
            before: cluster =>
            {
                foreach (var call in new[] { nameof(IKafkaCheckpointer.LoadAsync), nameof(IKafkaCheckpointer.CheckpointAsync), nameof(IKafkaPoisonHandler.HandleAsync) })
                {
                    cluster.Counts.Failures[call] = 1;
                }

                return Task.CompletedTask;
            });

        await cluster.ProduceAsync(records: 50, keys: 5);
        await cluster.ProduceAsync("k0"u8.ToArray(), RefusingAdapter.Refused);
        await cluster.ProduceAsync(records: 50, keys: 5, prefix: "other");

        await cluster.PersistedAsync();
        Assert.Single(cluster.Counts.Poison);
        Assert.All(cluster.Counts.Failures.Values, left => Assert.True(left < 0));
        DeliveryTests.AssertDeliveredOnce(cluster);
    }

    [KafkaFact]
    public async Task StopSilo_OfTheReader_HandsOverWithoutDeliveringAgain()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, options: options => options.CheckpointInterval = TimeSpan.FromHours(1));
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        Assert.Empty(cluster.Counts.Checkpoints);

        await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[0]);
        Assert.Equal(Records, cluster.Counts.Positions[0].Offset);

        await cluster.Cluster.StartAdditionalSiloAsync();
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        DeliveryTests.AssertDeliveredOnce(cluster);
    }

    [KafkaFact]
    public async Task StartSilo_Second_TakesHalfOfThePartitionsUnderLoad()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, partitions: 4);
        var first = cluster.Cluster.Silos[0].Name;
        await cluster.ProduceAsync(Records, Keys);
        await cluster.AppliedAsync();
        Assert.All(cluster.Counts.Readers.Values, reader => Assert.Equal(first, reader));

        var starting = cluster.Cluster.StartAdditionalSiloAsync();
        while (!starting.IsCompleted)
        {
            await cluster.ProduceAsync(100, Keys);
        }

        await cluster.Counts.UntilAsync(() => cluster.Counts.Readers.Values.Count(reader => reader != first) == 2, "the second silo reads two of the four");
        await cluster.ProduceAsync(Records, Keys);
        await cluster.PersistedAsync();
        AssertPositions(cluster);
    }

    [KafkaFact]
    public async Task OnNextAsync_AfterAGap_TheGrainResumesAtItsPosition()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1);
        await cluster.Counts.CheckpointGate.WaitAsync();
        await cluster.ProduceAsync(records: 50, keys: 2);
        await cluster.AppliedAsync();

        await cluster.Grain("k0").ForgetAsync();
        await cluster.ProduceAsync(records: 2, keys: 2);
        await cluster.AppliedAsync();
        cluster.Counts.CheckpointGate.Release();
        await cluster.PersistedAsync();

        // The 25 again, and the one that showed the gap.
        Assert.Equal(26 + 25 + 1, cluster.Counts.Deliveries["k0"].Count);
        Assert.Equal(26, cluster.Counts.Deliveries["k1"].Count);
    }

    private static async Task<(string Silo, List<string> Keys)> GrainsBesideTheReaderAsync(StreamCluster cluster)
    {
        var reader = cluster.Counts.Readers[0];
        var other = cluster.Cluster.Silos.Single(silo => silo.Name != reader).Name;
        var there = new List<string>();
        foreach (var key in cluster.Expected.Keys)
        {
            if (await cluster.Grain(key).SiloAsync() == other)
            {
                there.Add(key);
            }
        }

        Assert.NotEmpty(there);
        return (other, there);
    }

    /// <summary>No position is above what is persisted: what the log has below it is in the states.</summary>
    private static void AssertPositions(StreamCluster cluster) =>
        Assert.Equal(cluster.Expected.OrderBy(pair => pair.Key), cluster.Counts.Stored.OrderBy(pair => pair.Key));
}
