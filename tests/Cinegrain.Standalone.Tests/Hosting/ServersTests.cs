using System.Globalization;
using System.Net;
using Cinegrain.Contracts.Servers;
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
        var load = new Load(seed: 20260302, pause: TimeSpan.FromMilliseconds(100));
        await using (var first = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            await Films.PutAsync(first);
            load.Use(first);
            await load.AcknowledgedAsync(random.Next(40, 80));
            load.Use(null);
            await first.KillAsync();
        }

        await using (var second = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            load.Use(second);
            await load.AcknowledgedAsync(random.Next(20, 40));

            await broker.KillAsync();
            await load.RefusedAsync();
            await AssertAnswersAsync(second);
            await broker.StartAsync();
            await load.AcknowledgedAsync(random.Next(20, 40));

            await node.KillAsync();
            await load.AcknowledgedAsync(random.Next(40, 80));
            await AssertAnswersAsync(second);
            using (var audited = await second.Client.GetAsync($"/v1/users/{Known}/export"))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, audited.StatusCode);
                Assert.NotNull(audited.Headers.RetryAfter);
            }

            await node.StartAsync();
            await StandaloneProcess.UntilAsync(async () => (await second.Client.GetAsync($"/v1/users/{Known}/export")).StatusCode == HttpStatusCode.OK);
            await load.AcknowledgedAsync(random.Next(20, 40));

            load.Use(null);
            await Task.WhenAll(second.KillAsync(), broker.KillAsync(), node.KillAsync());
        }

        await Task.WhenAll(broker.StartAsync(), node.StartAsync());
        await using (var last = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            load.Use(last);
            await load.AcknowledgedAsync(random.Next(20, 40));
            await load.StopAsync();
            await load.AssertAcknowledgedAsync(last);
            await StandaloneProcess.UntilAsync(async () => await elasticsearch.CountAsync("interactions") == load.Acknowledged.Count);
            Assert.Equal(0, await last.StopAsync());
        }

        await using var log = await kafka.OpenLogAsync();
        using var reference = await Reference.ReadAsync(log);
        Assert.Equal(load.Acknowledged.Count, reference.Users.Values.Sum(actor => actor.State.Interactions));
        await using var store = elasticsearch.OpenStore();
        await reference.AssertStoredAsync(store);

        // Without the indices the next start makes the same of the log.
        await elasticsearch.DeleteAsync("*");
        await using (var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            Assert.Equal(0, await rebuilt.StopAsync());
        }

        await reference.AssertStoredAsync(store);
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
