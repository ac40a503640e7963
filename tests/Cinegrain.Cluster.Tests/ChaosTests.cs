using System.Globalization;
using Cinegrain.Cluster.Tests.Support;
using Cinegrain.Contracts.Servers;
using Xunit;
using Xunit.Abstractions;

namespace Cinegrain.Cluster.Tests;

/// <summary>
/// Kills of everything at random. <c>CINEGRAIN_TEST_CHAOS_KILLS</c> says how many, <c>CINEGRAIN_TEST_CHAOS_SEED</c> which (CONTRIBUTING.md).
/// </summary>
public sealed class ChaosTests(OwnBroker broker, OwnElasticsearch node, ITestOutputHelper output) : IClassFixture<OwnBroker>, IClassFixture<OwnElasticsearch>
{
    private const int LongestAwayMs = 4_000;

    private enum Victim
    {
        Silo,
        Gateway,
        Kafka,
        Elasticsearch,
        Redis,
    }

    [ChaosFact]
    public async Task Killed_AnythingAtRandomUnderLoad_EndsInTheStateOfARunWithoutFaults()
    {
        var (kills, seed) = (Setting("CINEGRAIN_TEST_CHAOS_KILLS", 6), Setting("CINEGRAIN_TEST_CHAOS_SEED", 20261124));
        var random = new Random(seed);
        await using var cluster = ClusterProcesses.Start(broker.Bootstrap, node.Url);
        var silos = (await Task.WhenAll(cluster.StartSiloAsync(), cluster.StartSiloAsync())).ToList();
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed);
        var deck = new Queue<Victim>();
        for (var killed = 0; killed < kills;)
        {
            await load.AcknowledgedAsync(random.Next(5, 15));

            // One to three at the same time, each kind of process in turn.
            var victims = new HashSet<Victim>();
            for (var count = Math.Min(kills - killed, random.Next(1, 4)); victims.Count < count;)
            {
                if (deck.Count == 0)
                {
                    var kinds = Enum.GetValues<Victim>();
                    random.Shuffle(kinds);
                    Array.ForEach(kinds, deck.Enqueue);
                }

                // A kind that is dead in this round already waits for the next deck.
                victims.Add(deck.Dequeue());
            }

            killed += victims.Count;
            output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} kill -9 of {string.Join(", ", victims)} after {load.Acknowledged} interactions");
            var (which, aways) = (random.Next(silos.Count), victims.ToDictionary(victim => victim, _ => TimeSpan.FromMilliseconds(random.Next(LongestAwayMs))));
            await Task.WhenAll(victims.Select(KillAsync));
            if (victims.SetEquals([Victim.Silo]))
            {
                Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, FailureTests.Recovery);
            }

            await Task.WhenAll(victims.Except([Victim.Silo]).Select(StartAsync));
            if (victims.Contains(Victim.Silo))
            {
                await StartAsync(Victim.Silo);
            }

            output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} everybody answers after {await load.EverybodyAsync()}");
            Assert.All(silos, silo => Assert.False(silo.Exited.IsCompleted));

            Task KillAsync(Victim victim) => victim switch
            {
                Victim.Silo => silos[which].KillAsync(),
                Victim.Gateway => gateway.KillAsync(),
                Victim.Kafka => broker.KillAsync(),
                Victim.Elasticsearch => node.KillAsync(),
                _ => cluster.KillRedisAsync(),
            };

            async Task StartAsync(Victim victim)
            {
                await Task.Delay(aways[victim], TimeProvider.System);
                switch (victim)
                {
                    case Victim.Silo:
                        silos[which] = await cluster.StartSiloAsync();
                        break;
                    case Victim.Gateway:
                        load.Use(gateway = await cluster.StartGatewayAsync());
                        break;
                    case Victim.Kafka:
                        await broker.StartAsync();
                        break;
                    case Victim.Elasticsearch:
                        await node.StartAsync();
                        break;
                    default:
                        cluster.StartRedis();
                        break;
                }
            }
        }

        await load.AcknowledgedAsync(5);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    private static int Setting(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
