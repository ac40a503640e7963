using System.Text;
using Cinegrain.Contracts.Servers;
using Cinegrain.Streaming.Tests.Support;
using Confluent.Kafka;
using Orleans.Runtime;

namespace Cinegrain.Streaming.Tests.Cluster;

public sealed class DeliveryTests
{
    [KafkaFact]
    public async Task Deliver_OneSilo_EachStreamInOrderOnce()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, partitions: 2);

        await cluster.ProduceAsync(records: 2_000, keys: 50);
        await cluster.AppliedAsync();

        AssertDeliveredOnce(cluster);
    }

    [KafkaFact]
    public async Task Deliver_RecordWithoutKey_IsPassedOver()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1);

        await cluster.ProduceAsync(key: null, "nobody's"u8.ToArray());
        await cluster.ProduceAsync(records: 10, keys: 2);
        await cluster.ProduceAsync(key: null, "nobody's"u8.ToArray());

        await cluster.PersistedAsync();
        await cluster.Counts.UntilAsync(() => cluster.Counts.Positions.GetValueOrDefault(0).Offset == 12, "the position is the end of the partition");
    }

    [KafkaFact]
    public async Task Deliver_PoisonRecord_GoesToTheHandlerAndStopsNothing()
    {
        await using var cluster = await StreamCluster.StartAsync(
            silos: 1, streams: kafka => kafka.UseDataAdapter((_, _) => new RefusingAdapter()));

        await cluster.ProduceAsync(records: 5, keys: 1);
        await cluster.ProduceAsync("k0"u8.ToArray(), RefusingAdapter.Refused);
        await cluster.ProduceAsync(records: 5, keys: 2, prefix: "other");
        await cluster.AppliedAsync();

        var poison = Assert.Single(cluster.Counts.Poison);
        Assert.Equal((5L, cluster.Topic), (poison.Offset, poison.Topic));
        Assert.Equal(RefusingAdapter.Refused, poison.Value);
        Assert.DoesNotContain("k0", poison.ToString(), StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task OnNextAsync_ThroughTheProviderOfAClient_ReachesTheGrain()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, partitions: 3);
        var stream = cluster.Cluster.Client.GetStreamProvider(StreamCluster.Provider).GetStream<string>(StreamId.Create(CountingGrain.Namespace, "sent"));

        await stream.OnNextAsync("one");
        await stream.OnNextBatchAsync(["two", "three"]);

        var expected = CountState.None.Apply(0, "one").Apply(1, "two").Apply(2, "three");
        await cluster.Counts.UntilAsync(() => cluster.Counts.Live.GetValueOrDefault("sent") == expected, "the events have arrived in order");
    }

    [KafkaFact]
    public async Task Deliver_GrainThatThrows_IsTriedAgainWhileOthersGoOn()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1);
        cluster.Counts.Failing["k0"] = true;

        await cluster.ProduceAsync(records: 60, keys: 3);
        await cluster.Counts.UntilAsync(
            () => new[] { "k1", "k2" }.All(key => cluster.Counts.Live.GetValueOrDefault(key) == cluster.Expected[key]), "the other streams are delivered");
        Assert.False(cluster.Counts.Live.ContainsKey("k0"));

        cluster.Counts.Failing.Clear();
        await cluster.PersistedAsync();
        Assert.All(cluster.Counts.Deliveries["k0"].Zip(cluster.Counts.Deliveries["k0"].Skip(1)), pair => Assert.True(pair.First < pair.Second));
    }

    [KafkaFact]
    public async Task Deliver_CacheFull_WaitsForACheckpoint()
    {
        const int Cached = 200, Pulled = 50;
        await using var cluster = await StreamCluster.StartAsync(silos: 1, options: options => (options.CachedRecords, options.PulledRecords) = (Cached, Pulled));
        using var meter = new MeterReader(cluster.Topic);
        await cluster.Counts.CheckpointGate.WaitAsync();

        await cluster.ProduceAsync(records: 3_000, keys: 20);
        await meter.UntilAsync("kafka.streams.cached", value => value >= Cached);
        await meter.UntilAsync("kafka.streams.paused", value => value == 1);
        Assert.InRange(meter.Read("kafka.streams.cached"), Cached, Cached + Pulled);
        Assert.InRange(cluster.Counts.Deliveries.Values.Sum(offsets => offsets.Count), 0, Cached + Pulled);

        cluster.Counts.CheckpointGate.Release();
        await cluster.PersistedAsync();
        var offsets = cluster.Counts.Checkpoints.Select(checkpoint => checkpoint.Checkpoint.Offset).Prepend(0).ToList();
        Assert.All(offsets.Zip(offsets.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, Cached + Pulled));
        AssertDeliveredOnce(cluster);
    }

    [KafkaFact]
    public async Task Deliver_Everything_ShowsInTheMetrics()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1);
        using var meter = new MeterReader(cluster.Topic);

        await cluster.ProduceAsync(records: 100, keys: 10);
        await cluster.PersistedAsync();

        await meter.UntilAsync("kafka.streams.lag", value => value == 0);
        await meter.UntilAsync("kafka.streams.cached", value => value == 0);
        Assert.Equal(100, meter.Read("kafka.streams.delivered"));
        Assert.Equal(0, meter.Read("kafka.streams.redelivered"));
        Assert.Equal(0, meter.Read("kafka.streams.paused"));
    }

    [KafkaFact]
    public async Task Deliver_NoCheckpointer_StoresOffsetsOfTheGroup()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, ownCheckpointer: false);

        await cluster.ProduceAsync(records: 100, keys: 10);
        await cluster.AppliedAsync();
        await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[0]);

        Assert.Equal(100, Committed(cluster));

        // The next silo goes on from there.
        var once = cluster.Counts.Deliveries.Values.Sum(offsets => offsets.Count);
        await cluster.Cluster.StartAdditionalSiloAsync();
        await cluster.ProduceAsync(records: 10, keys: 10, prefix: "later");
        await cluster.AppliedAsync();
        Assert.Equal(once + 10, cluster.Counts.Deliveries.Values.Sum(offsets => offsets.Count));
    }

    [KafkaFact]
    public async Task Activate_WithReaderPlacement_IsOnTheSiloThatReadsThePartition()
    {
        const int Partitions = 6;
        await using var cluster = await StreamCluster.StartAsync(silos: 2, partitions: Partitions);
        await cluster.Counts.UntilAsync(() => cluster.Counts.Readers.Values.GroupBy(silo => silo).Count(group => group.Count() == 3) == 2, "each silo reads half");

        for (var i = 0; i < 40; i++)
        {
            var partition = KafkaPartitioners.Murmur2(Encoding.UTF8.GetBytes($"key{i}"), Partitions);
            Assert.Equal(cluster.Counts.Readers[partition], await cluster.Cluster.Client.GetGrain<IPlacedGrain>($"key{i}").SiloAsync());
        }
    }

    [KafkaFact]
    public async Task Deliver_OwnCheckpointer_CopiesPositionsToTheGroup()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1);

        await cluster.ProduceAsync(records: 100, keys: 10);
        await cluster.PersistedAsync();
        await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[0]);

        Assert.Equal(100, Committed(cluster));
    }

    internal static void AssertDeliveredOnce(StreamCluster cluster)
    {
        foreach (var (key, state) in cluster.Expected)
        {
            var offsets = cluster.Counts.Deliveries[key].ToList();
            Assert.Equal(state.Count, offsets.Count);
            Assert.Equal(offsets.Order(), offsets);
        }
    }

    private static long Committed(StreamCluster cluster)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = KafkaServer.Bootstrap, GroupId = cluster.Topic }).Build();
        return consumer.Committed([new TopicPartition(cluster.Topic, 0)], TimeSpan.FromSeconds(10))[0].Offset.Value;
    }
}
