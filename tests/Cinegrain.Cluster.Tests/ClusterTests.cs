using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>Silos and gateway as operators run them.</summary>
public sealed class ClusterTests
{
    // After the death of a silo every user answers again within 15 s; a busy machine is given twice that.
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    [ProcessFact]
    public async Task Gateway_WithoutASilo_AnswersWhenToComeBackAndConnectsByItself()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();

        await AssertUnavailableAsync(await gateway.Client.GetAsync("/v1/users/ann/recommendations"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client.GetAsync("/health/live")).StatusCode);

        var silo = await cluster.StartSiloAsync();
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        Assert.Equal(10, (await gateway.GetAsync("/v1/users/ann/recommendations")).GetProperty("items").GetArrayLength());

        // The only silo goes: writes are taken still, questions are refused; another one comes, at another address.
        Assert.Equal(0, await silo.StopAsync());
        await AssertUnavailableAsync(await gateway.Client.GetAsync("/v1/users/ann/recommendations"));
        var position = await ClusterProcesses.PostAsync(gateway, [Line("ann", 3)], "k");
        await cluster.StartSiloAsync();
        await ServerProcess.UntilAsync(async () => (await gateway.Client.GetAsync($"/v1/users/ann/recommendations?after={position}")).IsSuccessStatusCode);
        Assert.Equal(1, (await gateway.GetAsync("/v1/users/ann/profile")).GetProperty("interactions").GetInt32());
    }

    [ProcessFact]
    public async Task Kill_OfASiloUnderLoad_LosesNothingAndUsersAnswerSoon()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        var silos = new[] { await cluster.StartSiloAsync(), await cluster.StartSiloAsync() };
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        var lines = ClusterProcesses.Lines(events: 6_000, viewers: 150, seed: 11);
        var posted = 0;
        for (var part = 0; part < 2; part++)
        {
            // A silo dies between two posts, while what was posted before is still learned; a new one comes later.
            foreach (var batch in lines.Skip(part * 3_000).Take(3_000).Chunk(250))
            {
                await ClusterProcesses.PostAsync(gateway, batch, $"batch-{posted}");
                posted += batch.Length;
                if (posted is 1_000 or 4_000)
                {
                    await silos[part].KillAsync();
                    var died = Stopwatch.GetTimestamp();
                    await ServerProcess.UntilAsync(async () => await AllAnswerAsync(gateway));
                    Assert.InRange(Stopwatch.GetElapsedTime(died), TimeSpan.Zero, Recovery);
                }
            }

            silos[part] = await cluster.StartSiloAsync();
        }

        await cluster.AssertAsReferenceAsync(lines.Count);
    }

    [ProcessFact]
    public async Task Stop_OfEverySiloInTurn_HandsOverWithoutLossAndIsGraceful()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        var first = await cluster.StartSiloAsync();
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        var lines = ClusterProcesses.Lines(events: 3_000, viewers: 100, seed: 12);
        await ClusterProcesses.PostAsync(gateway, lines[..1_000], "a");
        await cluster.StartSiloAsync();
        await ClusterProcesses.PostAsync(gateway, lines[1_000..2_000], "b");
        Assert.Equal(0, await first.StopAsync());
        await ClusterProcesses.PostAsync(gateway, lines[2_000..], "c");

        await cluster.AssertAsReferenceAsync(lines.Count);
    }

    [ProcessFact]
    public async Task Delete_User_IsForgottenByStateLogAndARebuild()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        var silo = await cluster.StartSiloAsync();
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        await ClusterProcesses.PostAsync(gateway, [.. Enumerable.Range(0, 20).Select(i => Line("ann", i)), .. Enumerable.Range(0, 20).Select(i => Line("bob", i))], "k");
        await ServerProcess.UntilAsync(async () => await InteractionsAsync(gateway, "ann") == 20 && await InteractionsAsync(gateway, "bob") == 20);

        var report = await ServerProcess.ReadAsync(await gateway.Client.DeleteAsync("/v1/users/ann"), HttpStatusCode.OK);

        Assert.Equal(20, report.GetProperty("removed").GetProperty("log records passed over").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/v1/users/ann/profile")).StatusCode);
        Assert.Equal(0, await silo.StopAsync());

        // A store that is emptied is rebuilt from the log, which has the records still.
        await cluster.EmptyStoreAsync();
        await cluster.StartSiloAsync();
        await ServerProcess.UntilAsync(async () => await InteractionsAsync(gateway, "bob") == 20);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/v1/users/ann/profile")).StatusCode);
        Assert.Equal(0, await InteractionsAsync(gateway, "ann"));
    }

    [ProcessFact]
    public async Task Log_OfACluster_GivesUsersAndMoviesOfStandalone()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync();
        await cluster.StartSiloAsync();
        await cluster.StartSiloAsync();
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);
        var lines = ClusterProcesses.Lines(events: 2_000, viewers: 80, seed: 13);
        await ClusterProcesses.PostAsync(gateway, lines, "k");
        await cluster.AssertAsReferenceAsync(lines.Count);

        // While the cluster learns nobody else may.
        using var folder = new TestFolder();
        string[] options = ["--data", folder.Path, "--log", "kafka", "--kafka-bootstrap", cluster.Kafka.Bootstrap, "--kafka-prefix", cluster.Kafka.Prefix];
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync("cinegrain-standalone.dll", options));
        Assert.Contains("another process learns from this log already", refused.Message, StringComparison.Ordinal);

        // Standalone over the same log, with a store of its own.
        await cluster.StopServersAsync();
        await using var standalone = await ServerProcess.StartAsync("cinegrain-standalone.dll", options);
        await standalone.ReadyAsync();
        Assert.Equal(0, await standalone.StopAsync());

        await using var theirs = cluster.OpenStore();
        await using var own = Embedded.Sqlite.SqliteStateStore.Open(folder.Path, new Embedded.Sqlite.SqliteStateStoreOptions());
        var users = 0;
        await foreach (var state in own.ScanAsync(ActorKind.User, CancellationToken.None))
        {
            var other = (await theirs.LoadAsync(ActorKind.User, [state.Id], CancellationToken.None))[0];
            Assert.Equal((state.Version, Convert.ToHexString(state.State.Span)), (other!.Version, Convert.ToHexString(other.State.Span)));
            users++;
        }

        Assert.InRange(users, 50, 80);
    }

    private static string Line(string user, int movie) =>
        JsonSerializer.Serialize(new { user, movie = ClusterProcesses.Catalogue[movie].Id, kind = "rate", value = 4.5 });

    private static async Task<int> InteractionsAsync(ServerProcess gateway, string user)
    {
        using var response = await gateway.Client.GetAsync($"/v1/users/{user}/profile");
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("interactions").GetInt32()
            : 0;
    }

    /// <summary>True when every user of the audience gets a list. What is not answered says when to come back, and nothing worse.</summary>
    private static async Task<bool> AllAnswerAsync(ServerProcess gateway)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(viewer => gateway.Client.GetAsync($"/v1/users/viewer-{viewer}/recommendations")));
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable }));
        return answers.All(answer => answer.IsSuccessStatusCode);
    }

    private static async Task AssertUnavailableAsync(HttpResponseMessage response)
    {
        await ServerProcess.ReadAsync(response, HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(response.Headers.RetryAfter);
    }
}
