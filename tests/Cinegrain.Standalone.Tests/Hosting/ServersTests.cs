using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using Cinegrain.Contracts.Servers;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The host on a real Kafka and a real Elasticsearch, which die under it.</summary>
public sealed class ServersTests(OwnBroker broker, OwnElasticsearch node) : IClassFixture<OwnBroker>, IClassFixture<OwnElasticsearch>
{
    private const string Known = "viewer-1";

    [OwnServersFact]
    public async Task Killed_EachAloneAndAllTogetherUnderLoad_EndsInTheStateOfARunWithoutFaults()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka(broker.Bootstrap);
        await using var elasticsearch = new TestElasticsearch(node.Url);
        string[] options = [.. kafka.Options, .. elasticsearch.Options, "--checkpoint-seconds", "0.2"];
        var random = new Random(20260302);
        var load = new Load(seed: 20260302, pause: TimeSpan.FromMilliseconds(200));
        await using (var first = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            await Films.PutAsync(first);
            load.Use(first);
            await load.AcknowledgedAsync(random.Next(20, 50));
            load.Use(null);
            await first.KillAsync();
        }

        await using (var second = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            load.Use(second);
            await load.AcknowledgedAsync(random.Next(10, 30));

            await broker.KillAsync();
            await load.RefusedAsync();
            await AssertAnswersAsync(second);
            await broker.StartAsync();
            await load.AcknowledgedAsync(random.Next(10, 30));

            await node.KillAsync();
            await load.AcknowledgedAsync(random.Next(20, 50));
            await AssertAnswersAsync(second);
            using (var audited = await second.Client.GetAsync($"/v1/users/{Known}/export"))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, audited.StatusCode);
                Assert.NotNull(audited.Headers.RetryAfter);
            }

            await node.StartAsync();
            await StandaloneProcess.UntilAsync(async () => (await second.Client.GetAsync($"/v1/users/{Known}/export")).StatusCode == HttpStatusCode.OK);
            await load.AcknowledgedAsync(random.Next(10, 30));

            load.Use(null);
            await Task.WhenAll(second.KillAsync(), broker.KillAsync(), node.KillAsync());
        }

        await Task.WhenAll(broker.StartAsync(), node.StartAsync());
        await using (var last = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            load.Use(last);
            await load.AcknowledgedAsync(random.Next(10, 30));
            await load.StopAsync();
            await load.AssertAcknowledgedAsync(last);
            await StandaloneProcess.UntilAsync(async () => await elasticsearch.CountAsync("interactions") == load.Acknowledged.Count);
            Assert.Equal(0, await last.StopAsync());
        }

        await using var store = elasticsearch.OpenStore();
        await using (var log = await kafka.OpenLogAsync())
        {
            using var reference = await Reference.ReadAsync(log);
            Assert.Equal(load.Acknowledged.Count, reference.Users.Values.Sum(actor => actor.State.Interactions));
            await reference.AssertStoredAsync(store);
        }

        // A user goes while bulk requests of everybody are on the way.
        string erased;
        var others = new Load(seed: 20260303, pause: TimeSpan.FromMilliseconds(200));
        await using (var erasing = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            others.Use(erasing);
            await others.AcknowledgedAsync(10);
            erased = await EraseAsync(erasing);
            AssertTombstone(Assert.Single(await elasticsearch.FindAsync(erased)));
            await others.StopAsync();
            Assert.Equal(0, await erasing.StopAsync());
        }

        // Without the indices the next start makes the same of the log, and not the user.
        await elasticsearch.DeleteAsync("*");
        await using (var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            Assert.Equal(0, await rebuilt.StopAsync());
        }

        await using (var log = await kafka.OpenLogAsync())
        {
            using var reference = await Reference.ReadAsync(log);
            Assert.Equal(load.Acknowledged.Count + others.Acknowledged.Count, reference.Users.Values.Sum(actor => actor.State.Interactions));
            await reference.AssertStoredAsync(store);
        }

        Assert.Empty(await elasticsearch.FindAsync(erased));
    }

    [OwnServersFact]
    public async Task Write_NodeThatTakesLittle_WritesAllInPartsAndAgain()
    {
        const int Writes = 16, StatesAtOnce = 150, MostRounds = 20;
        await using var elasticsearch = new TestElasticsearch(node.Url);
        await using var store = elasticsearch.OpenStore();
        var (tooLarge, repeated) = (0L, 0L);
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "cinegrain.elasticsearch.repeated")
            {
                Interlocked.Add(ref repeated, value);
            }
            else if (instrument.Name == "cinegrain.elasticsearch.failures" && tags.ToArray().Any(tag => tag.Value is "TooLarge"))
            {
                Interlocked.Add(ref tooLarge, value);
            }
        });
        listener.Start();

        // On a busy machine the writes may come so far apart that the node takes them all: then they are tried anew.
        var rounds = 0;
        do
        {
            rounds++;
            await Task.WhenAll(Enumerable.Range(0, Writes).Select(write => WriteAsync(
                [.. Enumerable.Range(0, StatesAtOnce).Select(i => new ActorState(ActorKind.User, $"user-{rounds}-{write}-{i}", 1, new byte[4_000]))])));
        }
        while (Interlocked.Read(ref repeated) == 0 && rounds < MostRounds);

        var stored = 0;
        await foreach (var state in store.ScanAsync(ActorKind.User, CancellationToken.None))
        {
            Assert.Equal(4_000, state.State.Length);
            stored++;
        }

        Assert.Equal(rounds * Writes * StatesAtOnce, stored);
        Assert.True(tooLarge > 0 && repeated > 0, $"The node took all of it at once ({tooLarge}, {repeated}): the test says nothing.");

        // As whoever checkpoints: what the store gives up on is written again.
        Task WriteAsync(ActorState[] states) => StandaloneProcess.UntilAsync(async () =>
        {
            try
            {
                await store.WriteAsync(states, null, CancellationToken.None);
                return true;
            }
            catch (UnavailableException)
            {
                return false;
            }
        });
    }

    /// <summary>Erases a user whose documents are on the way; the pseudonym.</summary>
    private static async Task<string> EraseAsync(StandaloneProcess host)
    {
        const string User = "erased";
        var receipt = await StandaloneProcess.ReadAsync(
            await host.PostLinesAsync("/v1/interactions", Films.Catalogue.Select(film => Films.Rate(User, film.Id, 4))), HttpStatusCode.Accepted);
        var position = receipt.GetProperty("position").GetString();
        await StandaloneProcess.PatientAsync(() => host.Client.GetAsync($"/v1/users/{User}/recommendations?after={position}"));
        var pseudonym = (await StandaloneProcess.PatientAsync(() => host.Client.GetAsync($"/v1/users/{User}/profile"))).GetProperty("pseudonym").GetString()!;
        await StandaloneProcess.PatientAsync(() => host.Client.DeleteAsync($"/v1/users/{User}"));
        return pseudonym;
    }

    private static void AssertTombstone((string Index, string Id, string Source) document)
    {
        Assert.Contains("-users-", document.Index, StringComparison.Ordinal);
        Assert.Matches("""^\{"position":\d+,"erased":true\}$""", document.Source);
    }

    /// <summary>Lists are made, and what waits is within its bounds.</summary>
    private static async Task AssertAnswersAsync(StandaloneProcess host)
    {
        Assert.Equal(10, (await host.GetAsync($"/v1/users/{Known}/recommendations")).GetProperty("items").GetArrayLength());
        Assert.False(host.Exited.IsCompleted);
        var fills = (await host.Client.GetStringAsync("/metrics")).Split('\n')
            .Where(line => line.StartsWith("cinegrain_log_queue_fill", StringComparison.Ordinal) || line.StartsWith("cinegrain_store_queue_fill", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(2, fills.Count);
        Assert.All(fills, fill => Assert.InRange(fill, 0, 1));
    }
}
