using System.Globalization;
using Cinegrain.Contracts.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Cinegrain.Streaming.Tests.Support;

/// <summary>Silos on one topic of a real Kafka, with counting grains.</summary>
internal sealed class StreamCluster : IAsyncDisposable
{
    public const string Provider = "kafka";

    private static int _topics;

    private readonly string _bootstrap;
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly IAdminClient _admin;
    private readonly Dictionary<string, CountState> _expected = new(StringComparer.Ordinal);

    private StreamCluster(string topic, string bootstrap)
    {
        (Topic, _bootstrap) = (topic, bootstrap);
        var config = new ClientConfig { BootstrapServers = bootstrap };
        _admin = new AdminClientBuilder(config).SetLogHandler((_, _) => { }).Build();
        _producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig(config) { EnableIdempotence = true, LingerMs = 1 }).SetLogHandler((_, _) => { }).Build();
    }

    public string Topic { get; }

    public Counts Counts { get; } = new();

    public InProcessTestCluster Cluster { get; private set; } = null!;

    /// <summary>States that the produced records lead to.</summary>
    public IReadOnlyDictionary<string, CountState> Expected => _expected;

    public static async Task<StreamCluster> StartAsync(
        int silos,
        int partitions = 1,
        Action<KafkaStreamOptions>? options = null,
        Action<SiloKafkaStreamConfigurator>? streams = null,
        bool ownCheckpointer = true,
        string? bootstrap = null,
        Func<StreamCluster, Task>? before = null)
    {
        var self = new StreamCluster($"streams-{Environment.ProcessId}-{Interlocked.Increment(ref _topics)}", bootstrap ?? KafkaServer.Bootstrap!);
        await self._admin.CreateTopicsAsync([new TopicSpecification { Name = self.Topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
        await (before?.Invoke(self) ?? Task.CompletedTask);
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureHost(host => host.Logging.SetMinimumLevel(LogLevel.Warning));
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(self.Counts);
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                // Soon, but not so soon that a silo on a busy machine is taken for dead.
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 3;
                membership.NumVotesForDeathDeclaration = 1;
            });
            silo.AddKafkaStreams(Provider, (SiloKafkaStreamConfigurator kafka) =>
            {
                kafka.ConfigureKafka(builder => builder.Configure(self.Configure).Configure(kafka => options?.Invoke(kafka)));
                if (ownCheckpointer)
                {
                    kafka.UseCheckpointer((services, _) => ActivatorUtilities.CreateInstance<CountsCheckpointer>(services));
                }

                kafka.UsePoisonHandler((services, _) => ActivatorUtilities.CreateInstance<KeepingPoisonHandler>(services));
                streams?.Invoke(kafka);
            });
        });
        builder.ConfigureClient(client => client.AddKafkaStreams(Provider, self.Configure));
        self.Cluster = builder.Build();
        await self.Cluster.DeployAsync();
        return self;
    }

    /// <summary>Appends records for keys in turn, each with a value of its own.</summary>
    public async Task ProduceAsync(int records, int keys, string prefix = "k")
    {
        var writes = new List<Task<DeliveryResult<byte[]?, byte[]?>>>();
        for (var i = 0; i < records; i++)
        {
            writes.Add(_producer.ProduceAsync(Topic, new Message<byte[]?, byte[]?>
            {
                Key = Bytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}{i % keys}")),
                Value = Bytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}:{i}")),
            }));
        }

        foreach (var written in await Task.WhenAll(writes))
        {
            var key = System.Text.Encoding.UTF8.GetString(written.Message.Key!);
            _expected[key] = _expected.GetValueOrDefault(key, CountState.None).Apply(written.Offset, System.Text.Encoding.UTF8.GetString(written.Message.Value!));
        }
    }

    public Task ProduceAsync(byte[]? key, byte[]? value) => _producer.ProduceAsync(Topic, new Message<byte[]?, byte[]?> { Key = key, Value = value });

    /// <summary>Removes the oldest records, as retention does.</summary>
    public Task DeleteBelowAsync(int partition, long offset) => _admin.DeleteRecordsAsync([new TopicPartitionOffset(Topic, partition, offset)]);

    /// <summary>Waits until the grains have applied all that was produced.</summary>
    public Task AppliedAsync() =>
        Counts.UntilAsync(() => _expected.All(pair => Counts.Live.GetValueOrDefault(pair.Key) == pair.Value), "every record is applied once and in order");

    /// <summary>Waits until all that was produced is persisted and the positions say so.</summary>
    public Task PersistedAsync() =>
        Counts.UntilAsync(() => _expected.All(pair => Counts.Stored.GetValueOrDefault(pair.Key) == pair.Value), "every record is persisted once and in order");

    public ICountingGrain Grain(string key) => Cluster.Client.GetGrain<ICountingGrain>(key);

    /// <summary>The silo of a name.</summary>
    public InProcessSiloHandle Silo(string name) => Cluster.Silos.Single(silo => silo.Name == name);

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await _admin.DeleteTopicsAsync([Topic]);
        _producer.Dispose();
        _admin.Dispose();
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private void Configure(KafkaStreamOptions options)
    {
        options.Client["bootstrap.servers"] = _bootstrap;
        options.Topics[Topic] = CountingGrain.Namespace;
        options.ConsumerGroup = Topic;
        options.CheckpointInterval = TimeSpan.FromMilliseconds(300);
    }
}
