using Cinegrain.Contracts.Servers;
using Cinegrain.Streaming.Tests.Support;

namespace Cinegrain.Streaming.Tests.Cluster;

public sealed class DeliveryTests
{
    [KafkaFact]
    public async Task Deliver_OneSilo_EachStreamInOrderOnce()
    {
        await using var cluster = await StreamCluster.StartAsync(silos: 1, partitions: 2);

        await cluster.ProduceAsync(records: 2_000, keys: 50);
        await cluster.AppliedAsync();

        foreach (var (key, state) in cluster.Expected)
        {
            var offsets = cluster.Counts.Deliveries[key].ToList();
            Assert.Equal(state.Count, offsets.Count);
            Assert.Equal(offsets.Order(), offsets);
        }
    }
}
