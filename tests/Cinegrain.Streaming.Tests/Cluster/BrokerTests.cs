using Cinegrain.Contracts.Servers;
using Cinegrain.Streaming.Tests.Support;

namespace Cinegrain.Streaming.Tests.Cluster;

public sealed class BrokerTests(OwnBroker broker) : IClassFixture<OwnBroker>
{
    [OwnBrokerFact]
    public async Task KillBroker_ThenStart_DeliveryGoesOn()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, bootstrap: broker.Bootstrap);
        await cluster.ProduceAsync(records: 100, keys: 5);
        await cluster.AppliedAsync();

        await broker.KillAsync();
        var writing = cluster.ProduceAsync(records: 100, keys: 5);
        await broker.StartAsync();
        await writing;

        await cluster.PersistedAsync();
    }

    [OwnBrokerFact]
    public async Task Begin_PositionBelowWhatRetentionLeft_GoesOnAtTheFirstRecord()
    {
        await using var cluster = await StreamCluster.StartAsync(
            silos: 1,
            bootstrap: broker.Bootstrap,
            before: async cluster =>
            {
                await cluster.ProduceAsync(records: 100, keys: 1, prefix: "gone");
                await cluster.DeleteBelowAsync(partition: 0, offset: 60);
                cluster.Counts.Positions[0] = new KafkaPosition(20, 3);
            });

        await cluster.Counts.UntilAsync(() => cluster.Counts.Live.GetValueOrDefault("gone0")?.Version == 100, "what is left is delivered");

        Assert.Equal(Enumerable.Range(60, 40).Select(offset => (long)offset), cluster.Counts.Deliveries["gone0"]);
        await cluster.Counts.UntilAsync(() => cluster.Counts.Positions[0] == new KafkaPosition(100, 3), "the position goes on, in its generation");
    }

    [OwnBrokerFact]
    public async Task Begin_PositionBeyondTheEnd_WaitsUntilTheLogIsThere()
    {
        await using var cluster = await StreamCluster.StartAsync(
            silos: 1,
            bootstrap: broker.Bootstrap,
            before: async cluster =>
            {
                await cluster.ProduceAsync(records: 10, keys: 1, prefix: "other");
                cluster.Counts.Positions[0] = new KafkaPosition(15, 1);
            });

        await cluster.ProduceAsync(records: 10, keys: 1, prefix: "new");

        // Only what lies above the stored position: the first five are below it.
        await cluster.Counts.UntilAsync(() => cluster.Counts.Live.GetValueOrDefault("new0")?.Version == 20, "the log has reached the position");
        Assert.Equal([15L, 16, 17, 18, 19], cluster.Counts.Deliveries["new0"]);
        Assert.False(cluster.Counts.Live.ContainsKey("other0"));
    }
}
