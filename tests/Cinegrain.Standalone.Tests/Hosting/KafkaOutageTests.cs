using System.Net;
using Cinegrain.Contracts.Servers;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The broker dies under a host that goes on.</summary>
public sealed class KafkaOutageTests(OwnBroker broker) : IClassFixture<OwnBroker>
{
    [OwnBrokerFact]
    public async Task BrokerKilled_HostAnswersRefusesWritesAndCatchesUp()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka(broker.Bootstrap);
        var acknowledged = new HashSet<string>();
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, [.. kafka.Options, "--checkpoint-seconds", "0.2"]))
        {
            await Films.PutAsync(host);
            for (var i = 0; i < 10; i++)
            {
                acknowledged.Add(await RateAsync(host, i));
            }

            await broker.KillAsync();
            try
            {
                using var refused = await host.PostAsync("/v1/interactions", Films.Rate("ann", Films.Catalogue[11].Id, 4));
                Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
                Assert.NotNull(refused.Headers.RetryAfter);
                Assert.Equal(10, (await host.GetAsync("/v1/users/ann/recommendations")).GetProperty("items").GetArrayLength());
                Assert.False(host.Exited.IsCompleted);
            }
            finally
            {
                await broker.StartAsync();
            }

            for (var i = 20; i < 30; i++)
            {
                acknowledged.Add(await RateAsync(host, i));
            }

            var export = await host.GetAsync("/v1/users/ann/export");
            var ids = export.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("id").GetString()!).ToHashSet();
            Assert.Empty(acknowledged.Except(ids));
            Assert.Equal(0, await host.StopAsync());
        }

        await using var log = await kafka.OpenLogAsync();
        using var reference = await Reference.ReadAsync(log);
        await reference.AssertStoredAsync(folder.Path);
    }

    /// <summary>Sends a rating until it is acknowledged and learned; its id.</summary>
    private static async Task<string> RateAsync(StandaloneProcess host, int movie)
    {
        string? id = null;
        await StandaloneProcess.UntilAsync(async () =>
        {
            using var response = await host.PostLinesAsync("/v1/interactions", [Films.Rate("ann", Films.Catalogue[movie].Id, 4)], $"rating-{movie}");
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return false;
            }

            var receipt = await StandaloneProcess.ReadAsync(response, HttpStatusCode.Accepted);
            id = receipt.GetProperty("ids")[0].GetString();
            await host.GetAsync($"/v1/users/ann/recommendations?after={receipt.GetProperty("position").GetString()}");
            return true;
        });
        return id!;
    }
}
