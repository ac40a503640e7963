using System.Net;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>Analysts' documents of a user who asks to be forgotten.</summary>
public sealed class ErasureTests
{
    [ProcessFact]
    public async Task Delete_User_AnswersWhenItsDocumentsAreGone()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        var silo = await cluster.StartSiloAsync();
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        await PostAsync(gateway, "ann", 0, 20);
        await PostAsync(gateway, "bob", 0, 20);
        await ServerProcess.UntilAsync(async () => await cluster.Elasticsearch.CountAsync("interactions") == 40);

        // Those that are on their way when the user asks go, too.
        await PostAsync(gateway, "ann", 20, 40);
        var report = await ServerProcess.ReadAsync(await gateway.Client.DeleteAsync("/v1/users/ann"), HttpStatusCode.OK);

        Assert.DoesNotContain(report.GetProperty("remaining").EnumerateArray(), left => left.GetProperty("what").GetString() == "documents");
        Assert.Equal(20, await cluster.Elasticsearch.CountAsync("interactions"));

        // A silo that writes no documents deletes those that another wrote.
        Assert.Equal(0, await silo.StopAsync());
        await cluster.StartSiloAsync("--documents", "state");
        await ServerProcess.UntilAsync(async () => (await gateway.Client.GetAsync("/v1/users/bob/profile")).IsSuccessStatusCode);
        report = await ServerProcess.ReadAsync(await gateway.Client.DeleteAsync("/v1/users/bob"), HttpStatusCode.OK);
        Assert.DoesNotContain(report.GetProperty("remaining").EnumerateArray(), left => left.GetProperty("what").GetString() == "documents");
        Assert.Equal(0, await cluster.Elasticsearch.CountAsync("interactions"));
    }

    /// <summary>Elasticsearch refuses to change the documents, and takes states: the user is forgotten, the answer says what is left, and it goes by itself.</summary>
    [ProcessFact]
    public async Task Delete_User_WhileDocumentsAreReadOnly_SaysThatTheyAreLeftAndRemovesThemLater()
    {
        await using var cluster = ClusterProcesses.Start();
        await cluster.StartSiloAsync();
        var gateway = await cluster.StartReadyGatewayAsync();
        await PostAsync(gateway, "ann", 0, 20);
        await PostAsync(gateway, "bob", 0, 20);
        await ServerProcess.UntilAsync(async () => await cluster.Elasticsearch.CountAsync("interactions") == 40);
        await BlockAsync(true);

        var report = await ServerProcess.ReadAsync(await gateway.Client.DeleteAsync("/v1/users/ann"), HttpStatusCode.OK);
        Assert.Contains(report.GetProperty("remaining").EnumerateArray(), left => left.GetProperty("what").GetString() == "documents");
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/v1/users/ann/profile")).StatusCode);
        Assert.Equal(40, await cluster.Elasticsearch.CountAsync("interactions"));

        await BlockAsync(false);
        await ServerProcess.UntilAsync(async () => await cluster.Elasticsearch.CountAsync("interactions") == 20);

        Task<JsonElement> BlockAsync(bool isBlocked) => cluster.Elasticsearch.AskAsync(
            HttpMethod.Put,
            $"{cluster.Elasticsearch.Prefix}-interactions/_settings",
            isBlocked ? """{"index.blocks.write":true}""" : """{"index.blocks.write":null}""");
    }

    private static Task<string> PostAsync(ServerProcess gateway, string user, int from, int until) => ClusterProcesses.PostAsync(
        gateway,
        [.. Enumerable.Range(from, until - from).Select(i => JsonSerializer.Serialize(new { user, movie = ClusterProcesses.Catalogue[i].Id, kind = "rate", value = 4.5 }))],
        $"{user}-{from}");
}
