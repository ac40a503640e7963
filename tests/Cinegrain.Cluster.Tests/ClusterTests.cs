using System.Net;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>Silos and gateway as operators run them.</summary>
public sealed class ClusterTests
{
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

    /// <summary>A rolling update: as many silos as before at any time, each new one there before an old one goes.</summary>
    [ProcessFact]
    public async Task Stop_OfEverySiloInTurnUnderLoad_HandsOverWithoutLossAndIsGraceful()
    {
        await using var cluster = ClusterProcesses.Start();
        var old = await Task.WhenAll(cluster.StartSiloAsync(), cluster.StartSiloAsync());
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 12);
        foreach (var silo in old)
        {
            await load.AcknowledgedAsync(10);
            await cluster.StartSiloAsync();
            Assert.Equal(0, await silo.StopAsync());
            Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, FailureTests.Recovery);
        }

        await cluster.AssertAsReferenceAsync(await load.StopAsync());
    }

    [ProcessFact]
    public async Task Silos_OneToThreeToOneUnderLoad_LoseNothingAndRefuseOnlyForAMoment()
    {
        await using var cluster = ClusterProcesses.Start();
        var silos = new List<ServerProcess> { await cluster.StartSiloAsync() };
        var gateway = await cluster.StartReadyGatewayAsync();
        await using var load = new ClusterLoad(gateway, seed: 13);
        await load.AcknowledgedAsync(10);
        silos.AddRange(await Task.WhenAll(cluster.StartSiloAsync(), cluster.StartSiloAsync()));
        await load.AcknowledgedAsync(10);
        foreach (var silo in silos[..2])
        {
            Assert.Equal(0, await silo.StopAsync());
            await load.AcknowledgedAsync(10);
        }

        Assert.InRange(await load.EverybodyAsync(), TimeSpan.Zero, FailureTests.Recovery);
        await cluster.AssertAsReferenceAsync(await load.StopAsync());
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

    [ProcessFact]
    public async Task Poison_OnEveryTopic_IsPutAsideAndTheRestGoesOn()
    {
        await using var cluster = ClusterProcesses.Start();
        var silo = await cluster.StartSiloAsync();
        var gateway = await cluster.StartReadyGatewayAsync();
        (string? Key, string? Value)[] poison = [(null, "{"), ("k", "{"), ("k", "null"), ("k", """{"v":1,"type":"unheard-of"}"""), ("other", """{"v":1}""")];
        foreach (var topic in new[] { Topics.Interactions, Topics.Signals, Topics.Movies })
        {
            // A compacted topic takes nothing without a key.
            await cluster.Kafka.ProduceAsync(topic, topic == Topics.Movies ? poison[1..] : poison);
        }

        await ClusterProcesses.PostAsync(gateway, [Line("ann", 0), Line("ann", 1), Line("ann", 2)], "k");
        await ServerProcess.UntilAsync(async () => await InteractionsAsync(gateway, "ann") == 3);
        await ServerProcess.UntilAsync(async () =>
            (await gateway.GetAsync($"/v1/movies/{ClusterProcesses.Catalogue[0].Id}")).GetProperty("interactions").GetInt32() == 1);

        // Those that have a key, of three topics; whoever has none is nobody's. One may be put aside twice, never not at all.
        await ServerProcess.UntilAsync(async () => Places(await RejectedAsync(cluster)) == 3 * (poison.Length - 1));
        Assert.Equal(0, await silo.StopAsync());
    }

    /// <summary>Somebody else's template has made the index: no document fits.</summary>
    [ProcessFact]
    public async Task Documents_ThatDoNotFitTheMapping_AreToldAndEverythingIsLearned()
    {
        await using var cluster = ClusterProcesses.Start();
        await cluster.Elasticsearch.AskAsync(HttpMethod.Put, $"_index_template/{cluster.Elasticsearch.Prefix}-conflict", $$"""
            {
              "index_patterns": ["{{cluster.Elasticsearch.Prefix}}-interactions-v*"],
              "priority": 1000,
              "template": { "mappings": { "properties": { "movie": { "type": "date" } } } }
            }
            """);
        await cluster.StartSiloAsync();
        var gateway = await cluster.StartReadyGatewayAsync();
        await ClusterProcesses.PostAsync(gateway, [.. Enumerable.Range(0, 20).Select(movie => Line("ann", movie))], "k");

        await ServerProcess.UntilAsync(async () => Places(await RejectedAsync(cluster)) == 20);
        Assert.All(await RejectedAsync(cluster), rejected => Assert.Equal("document-refused", rejected.Reason));
        await cluster.AssertAsReferenceAsync(20);
    }

    [ProcessFact]
    public async Task Start_OfASecondSiloBesideOneInLockstep_IsRefused()
    {
        await using var cluster = ClusterProcesses.Start();
        await cluster.StartSiloAsync("--lockstep");

        foreach (var options in new string[][] { ["--lockstep"], [] })
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.StartSiloAsync(options));
            Assert.Contains("learns from this log already", refused.Message, StringComparison.Ordinal);
        }

        var gateway = await cluster.StartReadyGatewayAsync();
        await ClusterProcesses.PostAsync(gateway, [Line("ann", 0), Line("ann", 1)], "k");
        await cluster.AssertAsReferenceAsync(2);
    }

    private static string Line(string user, int movie) =>
        JsonSerializer.Serialize(new { user, movie = ClusterProcesses.Catalogue[movie].Id, kind = "rate", value = 4.5 });

    private static async Task<List<RejectedInput>> RejectedAsync(ClusterProcesses cluster)
    {
        await using var log = await cluster.OpenLogAsync();
        var rejected = new List<RejectedInput>();
        await foreach (var record in Reference.RecordsAsync(log, Topics.Rejected, 0))
        {
            rejected.Add(JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.RejectedInput)!);
        }

        return rejected;
    }

    private static int Places(IEnumerable<RejectedInput> rejected) => rejected.Select(line => (line.Source, line.Line)).Distinct().Count();

    private static async Task<int> InteractionsAsync(ServerProcess gateway, string user)
    {
        using var response = await gateway.Client.GetAsync($"/v1/users/{user}/profile");
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("interactions").GetInt32()
            : 0;
    }

    private static async Task AssertUnavailableAsync(HttpResponseMessage response)
    {
        await ServerProcess.ReadAsync(response, HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(response.Headers.RetryAfter);
    }
}
