using System.Collections.Concurrent;
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
    private static readonly ConcurrentDictionary<int, bool> Ports = new();

    private readonly TestKafka _kafka;
    private readonly Uri _node;
    private readonly TestElasticsearch _elasticsearch;
    private readonly TestFolder _folder = new();
    private readonly List<ServerProcess> _servers = [];
    private readonly string _id = $"test-{Guid.NewGuid():N}";
    private Process? _redis;
    private SeparateNetwork? _network;
    private readonly int _redisPort = FreePort();

    private ClusterProcesses(string? bootstrap, Uri? node)
    {
        _kafka = new(bootstrap);
        _node = node ?? new Uri(TestElasticsearch.Url!);
        _elasticsearch = new(_node);
    }

    public static IReadOnlyList<MovieMetadata> Catalogue { get; } = SyntheticCatalogue.Create(120, seed: 7);

    /// <summary>Why tests are skipped where there is no Redis, or null.</summary>
    public static string? Skip { get; } = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")))
        ? null
        : "No Redis: install redis-server.";

    /// <summary>Of a silo that is to have much that is not persisted.</summary>
    public static string[] SlowCheckpoints => ["--checkpoint-seconds", "4"];

    public TestKafka Kafka => _kafka;

    public TestElasticsearch Elasticsearch => _elasticsearch;

    private string[] Common =>
    [
        "--kafka-bootstrap", _kafka.Bootstrap, "--kafka-prefix", _kafka.Prefix, "--elasticsearch-urls", $"{_node}",
        "--elasticsearch-prefix", _elasticsearch.Prefix, "--clustering", "redis",
        "--redis", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_redisPort}"), "--cluster-id", _id,
    ];

    /// <summary>A cluster without silos yet, on the servers that the environment names unless others are given.</summary>
    public static ClusterProcesses Start(string? bootstrap = null, Uri? node = null)
    {
        var cluster = new ClusterProcesses(bootstrap, node);
        cluster.StartRedis();
        return cluster;
    }

    /// <summary>Starts Redis, for the first time or again with what it had, as it is set up in docker-compose.yml and k8s/.</summary>
    public void StartRedis()
    {
        _redis?.Dispose();
        _redis = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{_redisPort}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.Path,
        })!;
        _redis.OutputDataReceived += (_, _) => { };
        _redis.BeginOutputReadLine();
    }

    /// <summary>kill -9.</summary>
    public async Task KillRedisAsync()
    {
        _redis!.Kill();
        await _redis.WaitForExitAsync();
    }

    public Task<ServerProcess> StartSiloAsync(params string[] options) => StartSiloAsync(null, FreePort(), FreePort(), options);

    /// <summary>Starts a silo on this machine and one in a network of its own, which can be cut off from the first and from Redis.</summary>
    public async Task<(ServerProcess First, ServerProcess Second, SeparateNetwork Network)> StartSilosApartAsync()
    {
        var network = _network = await SeparateNetwork.CreateAsync();
        int[] ports = [FreePort(), FreePort(), FreePort(), FreePort()];
        network.LetOut(_node.Port, isCut: false);
        network.LetOut(int.Parse(_kafka.Bootstrap.Split(':')[1], CultureInfo.InvariantCulture), isCut: false);
        network.LetOut(_redisPort, isCut: true);
        network.LetOut(ports[0], isCut: true);
        network.LetIn(ports[2], isCut: true);
        network.LetIn(ports[3], isCut: false);
        return (await StartSiloAsync(null, ports[0], ports[1], SlowCheckpoints), await StartSiloAsync(network, ports[2], ports[3], SlowCheckpoints), network);
    }

    /// <summary>Starts a gateway, which need not find a silo.</summary>
    public async Task<ServerProcess> StartGatewayAsync(params string[] options)
    {
        var gateway = await ServerProcess.StartAsync("cinegrain-gateway.dll", [.. Common, "--data", _folder.Path, "--response-seconds", "5", .. options]);
        lock (_servers)
        {
            _servers.Add(gateway);
        }

        return gateway;
    }

    /// <summary>Starts a gateway, waits until it answers through a silo, and puts the catalogue.</summary>
    public async Task<ServerProcess> StartReadyGatewayAsync()
    {
        var gateway = await StartGatewayAsync();
        await gateway.ReadyAsync();
        await PutCatalogueAsync(gateway);
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
            using var response = await gateway.PostLinesAsync("/v1/interactions", lines, key);
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
            new ElasticsearchOptions { Nodes = [_node], Prefix = _elasticsearch.Prefix, SharedBy = _id }, TimeProvider.System);
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

        await (_network?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (_redis is { } redis)
        {
            await KillRedisAsync();
            redis.Dispose();
        }

        await _kafka.DisposeAsync();
        await _elasticsearch.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<ServerProcess> StartSiloAsync(SeparateNetwork? network, int siloPort, int gatewayPort, string[] options)
    {
        var silo = await ServerProcess.StartAsync(network, "cinegrain-silo.dll",
        [
            .. Common, "--advertise", "127.0.0.1", "--silo-port", $"{siloPort}", "--gateway-port", $"{gatewayPort}",
            .. options.Contains(SlowCheckpoints[0]) ? options : ["--checkpoint-seconds", "1", .. options], "--movie-checkpoint-seconds", "2",
        ]);
        lock (_servers)
        {
            _servers.Add(silo);
        }

        await silo.ReadyAsync();
        return silo;
    }

    /// <summary>A port that nobody has, another one each time.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (Ports.TryAdd(port, true))
            {
                return port;
            }
        }
    }
}
