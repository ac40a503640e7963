using Cinegrain.Grains.Tests.Support;
using Xunit;

namespace Cinegrain.Grains.Tests;

/// <summary>Silos that come and go while there is something to learn.</summary>
public sealed class SiloDeathTests
{
    [ClusterFact]
    public async Task Kill_OfOneOfThreeSilos_LeavesTheStatesOfARunWithoutFaults()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 3);
        await cluster.PutCatalogueAsync();
        await cluster.InteractAsync(events: 1_500, viewers: 60, seed: 21);

        // While what was appended is still learned.
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[1]);
        var positions = await cluster.InteractAsync(events: 1_500, viewers: 60, seed: 22);
        await cluster.AppliedAsync(positions);

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
}
