using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Cinegrain.Elasticsearch;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Kafka;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>Silos and a gateway as processes, over a Redis of the test, a real Kafka and a real Elasticsearch.</summary>
internal sealed class ClusterProcesses : IAsyncDisposable
{
    private readonly TestKafka _kafka = new();
    private readonly TestElasticsearch _elasticsearch = new();
    private readonly TestFolder _folder = new();
    private readonly List<ServerProcess> _servers = [];
    private readonly string _id = $"test-{Guid.NewGuid():N}";
    private Process? _redis;
    private int _redisPort;

    public static IReadOnlyList<MovieMetadata> Catalogue { get; } = SyntheticCatalogue.Create(120, seed: 7);

    /// <summary>Why tests are skipped where there is no Redis, or null.</summary>
    public static string? Skip { get; } = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")))
        ? null
        : "No Redis: install redis-server.";

    public TestKafka Kafka => _kafka;

    private string[] Common =>
    [
        "--kafka-bootstrap", _kafka.Bootstrap, "--kafka-prefix", _kafka.Prefix, "--elasticsearch-urls", TestElasticsearch.Url!,
        "--elasticsearch-prefix", _elasticsearch.Prefix, "--clustering", "redis",
        "--redis", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_redisPort}"), "--cluster-id", _id,
    ];

    public static ClusterProcesses Start()
    {
        var cluster = new ClusterProcesses { _redisPort = FreePort() };
        cluster._redis = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{cluster._redisPort}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = cluster._folder.Path,
        })!;
        cluster._redis.OutputDataReceived += (_, _) => { };
        cluster._redis.BeginOutputReadLine();
        return cluster;
    }

    public async Task<ServerProcess> StartSiloAsync(params string[] options)
    {
        var silo = await ServerProcess.StartAsync("cinegrain-silo.dll",
        [
            .. Common, "--advertise", "127.0.0.1", "--silo-port", $"{FreePort()}", "--gateway-port", $"{FreePort()}", "--checkpoint-seconds", "1",
            "--movie-checkpoint-seconds", "2", .. options,
        ]);
        _servers.Add(silo);
        await silo.ReadyAsync();
        return silo;
    }

    /// <summary>Starts a gateway, which need not find a silo.</summary>
    public async Task<ServerProcess> StartGatewayAsync()
    {
        var gateway = await ServerProcess.StartAsync("cinegrain-gateway.dll", [.. Common, "--data", _folder.Path, "--response-seconds", "5"]);
        _servers.Add(gateway);
        return gateway;
    }

    /// <summary>Puts the catalogue.</summary>
    public static async Task PutCatalogueAsync(ServerProcess gateway)
    {
        using var response = await gateway.PostLinesAsync(
            "/v1/movies", Catalogue.Select(movie => JsonSerializer.Serialize(movie, WireFormat.Default.MovieMetadata)));
        Assert.Equal(Catalogue.Count, (await ServerProcess.ReadAsync(response, HttpStatusCode.OK)).GetProperty("accepted").GetInt32());
    }

    /// <summary>Lines of what a synthetic audience does.</summary>
    public static List<string> Lines(int events, int viewers, ulong seed)
    {
        var at = DateTimeOffset.UtcNow.AddDays(-1);
        return
        [
            .. new Audience(Catalogue, viewers, seed).Events(events).Select((happened, i) => System.Text.Encoding.UTF8.GetString(
                happened.ToIntakeLine(i, at.AddSeconds(i)).Utf8Json.Span)),
        ];
    }

    /// <summary>
    /// Posts lines until they are accepted, each batch with a key of its own, so that what was accepted before an answer was lost is not accepted twice.
    /// </summary>
    /// <returns>The position of the last answer.</returns>
    public static async Task<string> PostAsync(ServerProcess gateway, IReadOnlyList<string> lines, string key)
    {
        string? position = null;
        await ServerProcess.UntilAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/interactions")
            {
                Content = new StringContent(string.Concat(lines.Select(line => line + "\n")), System.Text.Encoding.UTF8, "application/x-ndjson"),
            };
            request.Headers.Add("Idempotency-Key", key);
            using var response = await gateway.Client.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return false;
            }

            var receipt = await ServerProcess.ReadAsync(response, HttpStatusCode.Accepted);
            Assert.Equal(lines.Count, receipt.GetProperty("accepted").GetInt32());
            position = receipt.GetProperty("position").GetString();
            return true;
        });
        return position!;
    }

    public Task<KafkaLog> OpenLogAsync() => KafkaLog.OpenAsync(
        new KafkaLogOptions { Bootstrap = _kafka.Bootstrap, Prefix = _kafka.Prefix, IsCluster = true, MakesTopics = false }, TimeProvider.System, null, CancellationToken.None);

    public ElasticsearchStateStore OpenStore()
    {
        var client = new ElasticsearchClient(
            new ElasticsearchOptions { Nodes = [new Uri(TestElasticsearch.Url!)], Prefix = _elasticsearch.Prefix, SharedBy = _id }, TimeProvider.System);
        return new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, (Model.Catalogue.MovieIndex?)null);
    }

    /// <summary>Waits until all is persisted, and compares the stored states with those of a run without faults over the same log.</summary>
    /// <param name="interactions">Interactions that were acknowledged.</param>
    public async Task AssertAsReferenceAsync(int interactions)
    {
        await using var store = OpenStore();
        foreach (var topic in new[] { Topics.Interactions, Topics.Signals })
        {
            await using var ends = await OpenLogAsync();
            for (var partition = 0; partition < ends.PartitionCount(topic); partition++)
            {
                await ServerProcess.UntilAsync(async () => await store.LoadCheckpointAsync(topic, partition, CancellationToken.None) is { } checkpoint
                    && checkpoint.Offset >= ends.End(topic, partition));
            }
        }

        await using var log = await OpenLogAsync();
        using var reference = await Reference.ReadAsync(log);
        Assert.Equal(interactions, reference.Users.Values.Sum(user => user.State.Interactions));
        await reference.AssertStoredAsync(store);
    }

    /// <summary>Stops silos and gateways as a service manager does.</summary>
    public async Task StopServersAsync()
    {
        foreach (var code in await Task.WhenAll(_servers.Select(server => server.StopAsync())))
        {
            Assert.Equal(0, code);
        }
    }

    /// <summary>Deletes the states.</summary>
    public Task EmptyStoreAsync() => _elasticsearch.DeleteAsync("*");

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        if (_redis is { } redis)
        {
            redis.Kill();
            await redis.WaitForExitAsync();
            redis.Dispose();
        }

        await _kafka.DisposeAsync();
        await _elasticsearch.DisposeAsync();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
