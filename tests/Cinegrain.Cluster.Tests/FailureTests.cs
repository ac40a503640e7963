using System.Diagnostics;
using Cinegrain.Cluster.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>One part of a cluster under load dies, hangs or is cut off.</summary>
public sealed class FailureTests
{
    // After the death of a silo every user answers again within 15 s; a busy machine is given twice that.
    internal static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    [ProcessFact]
    public async Task Kill_OfASiloUnderLoad_LosesNothingAndUsersAnswerSoon()
    {
        await using var cluster = ClusterProcesses.Start();
        var silos = await Task.WhenAll(cluster.StartSiloAsync(), cluster.StartSiloAsync());
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 11);
        foreach (var silo in silos)
        {
            await load.AcknowledgedAsync(20);
            await silo.KillAsync();
            Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
            await cluster.StartSiloAsync();
        }

        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    /// <summary>A batch whose answer died with its gateway is sent again to the next one, and counts once.</summary>
    [ProcessFact]
    public async Task Kill_OfTheGatewayUnderLoad_CountsWhatIsSentAgainOnce()
    {
        await using var cluster = ClusterProcesses.Start();
        await cluster.StartSiloAsync();
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 14);
        for (var kill = 0; kill < 3; kill++)
        {
            await load.AcknowledgedAsync(5);
            await gateway.KillAsync();
            gateway = await cluster.StartGatewayAsync();
            load.Use(gateway);
        }

        await load.AcknowledgedAsync(5);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    [ProcessFact]
    public async Task Redis_KilledAndAwayUnderLoad_IsMissedByNobodyAndTakesNewSilosWhenItIsBack()
    {
        await using var cluster = ClusterProcesses.Start();
        var silos = await Task.WhenAll(cluster.StartSiloAsync(), cluster.StartSiloAsync());
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 15);
        await load.AcknowledgedAsync(10);
        await cluster.KillRedisAsync();

        // Longer than silos go without a look at the list of members.
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(12);)
        {
            await load.AcknowledgedAsync(5);
            await load.EverybodyAsync();
        }

        Assert.All(silos, silo => Assert.False(silo.Exited.IsCompleted));
        cluster.StartRedis();
        await cluster.StartSiloAsync();
        await silos[0].KillAsync();
        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    /// <summary>
    /// A silo that hangs is declared dead, and its users and partitions go to others. When it wakes up it believes itself alive and goes on with old states
    /// until it hears otherwise: each loses by its version.
    /// </summary>
    [ProcessFact]
    public async Task Silo_ThatHangsAndWakesUpUnderLoad_LosesByVersionAndEnds()
    {
        await using var cluster = ClusterProcesses.Start();
        var silos = await Task.WhenAll(cluster.StartSiloAsync(ClusterProcesses.SlowCheckpoints), cluster.StartSiloAsync(ClusterProcesses.SlowCheckpoints));
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 16);
        await load.AcknowledgedAsync(20);
        await silos[1].PauseAsync();
        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
        await load.AcknowledgedAsync(20);
        await silos[1].ResumeAsync();
        await load.AcknowledgedAsync(20);
        Assert.NotEqual(0, await silos[1].Exited.WaitAsync(ServerProcess.Limit));
        await cluster.StartSiloAsync();
        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    /// <summary>
    /// A silo that its peers and Redis cannot reach is replaced. It still reads, learns and stores, and so does whoever took over: two activations of each of
    /// its users, until the network is there again and it hears that it is dead.
    /// </summary>
    [NetworkFact]
    public async Task Silo_CutOffFromItsPeersAndRedisUnderLoad_LosesByVersionAndEnds()
    {
        await using var cluster = ClusterProcesses.Start();
        var (_, second, network) = await cluster.StartSilosApartAsync();
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 17);
        await load.AcknowledgedAsync(20);
        network.Cut();
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(15);)
        {
            await load.AcknowledgedAsync(10);
        }

        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
        Assert.False(second.Exited.IsCompleted);
        network.Mend();
        await load.AcknowledgedAsync(10);
        Assert.NotEqual(0, await second.Exited.WaitAsync(ServerProcess.Limit));
        await cluster.StartSiloAsync();
        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, Recovery);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }
}
