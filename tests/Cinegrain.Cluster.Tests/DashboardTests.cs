using System.Net;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>What a gateway and Elasticsearch show of all silos together.</summary>
public sealed class DashboardTests
{
    [ProcessFact]
    public async Task Dashboard_OfSeveralSilos_ShowsWhatAllOfThemLearnedAndOutlivesThem()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        var silos = new[] { await cluster.StartSiloAsync(), await cluster.StartSiloAsync() };
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        var lines = ClusterProcesses.Lines(events: 900, viewers: 60, seed: 21);
        var viewers = lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("user").GetString()).Distinct().Count();
        var ratings = lines.Count(line => JsonDocument.Parse(line).RootElement.GetProperty("kind").GetString() == "rate");
        using (var refused = await gateway.PostLinesAsync("/v1/interactions", ["""{"user":"ann","movie":"no-such-movie","kind":"like"}"""]))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        }

        foreach (var batch in lines.Chunk(300))
        {
            await ClusterProcesses.PostAsync(gateway, batch, $"batch-{batch[0].GetHashCode(StringComparison.Ordinal)}");
        }

        await ShowsAsync(gateway, lines.Count);
        var shown = await gateway.GetAsync("/v1/dashboard");
        Assert.Equal(viewers, shown.GetProperty("users").GetInt64());
        Assert.Equal(ClusterProcesses.Catalogue.Count, shown.GetProperty("movies").GetInt64());
        Assert.Equal(ratings, Sum(shown, "ratings"));
        Assert.Equal(lines.Count, Sum(shown, "interactionsByMinute"));
        Assert.Equal(lines.Count, Sum(shown, "interactionsByMonth"));
        Assert.Equal("unknown-movie", Assert.Single(shown.GetProperty("rejected").EnumerateArray()).GetProperty("label").GetString());
        Assert.True(shown.GetProperty("freshnessP50").GetDouble() > 0);
        Assert.True(shown.GetProperty("freshnessP99").GetDouble() >= shown.GetProperty("freshnessP50").GetDouble());
        Assert.True(shown.GetProperty("quality").EnumerateArray().Sum(span => span.GetProperty("tested").GetInt64()) > 0);
        Assert.True(Assert.Single(shown.GetProperty("variants").EnumerateArray()).GetProperty("tested").GetInt64() > 0);

        // Kibana's dashboard of the system has its samples.
        await ServerProcess.UntilAsync(async () => (await cluster.Elasticsearch.FindAsync("\"measure\":\"engine\"")).Any(found =>
            JsonDocument.Parse(found.Source).RootElement is var sample && sample.GetProperty("interactions").GetInt64() == lines.Count
                && sample.GetProperty("users").GetInt64() == viewers && sample.GetProperty("movies").GetInt64() == ClusterProcesses.Catalogue.Count));
        Assert.NotEmpty(await cluster.Elasticsearch.FindAsync("\"measure\":\"experiment\""));
        Assert.NotEmpty(await cluster.Elasticsearch.FindAsync("\"measure\":\"quality\""));

        // The sums are in the store, whichever silo had them.
        foreach (var silo in silos)
        {
            Assert.Equal(0, await silo.StopAsync());
        }

        await cluster.StartSiloAsync();
        await ShowsAsync(gateway, lines.Count);
        await ClusterProcesses.PostAsync(gateway, [lines[0], lines[1]], "again");
        await ShowsAsync(gateway, lines.Count + 2);
    }

    private static Task ShowsAsync(ServerProcess gateway, int interactions) => ServerProcess.UntilAsync(async () =>
    {
        using var response = await gateway.Client.GetAsync("/v1/dashboard");
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return false;
        }

        var shown = (await ServerProcess.ReadAsync(response, HttpStatusCode.OK)).GetProperty("interactions").GetInt64();
        Assert.InRange(shown, 0, interactions);
        return shown == interactions;
    });

    private static double Sum(JsonElement shown, string series) => shown.GetProperty(series).EnumerateArray().Sum(point => point.GetProperty("value").GetDouble());
}
