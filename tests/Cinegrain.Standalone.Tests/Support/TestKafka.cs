using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka;
using Confluent.Kafka;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>A broker, and on it the log of one test.</summary>
internal sealed class TestKafka(string? bootstrap = null) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static TestKafka() => KafkaLog.LoadClient();

    public string Bootstrap { get; } = bootstrap ?? KafkaServer.Bootstrap!;

    public string Prefix { get; } = $"host-{Guid.NewGuid():N}.";

    /// <summary>Options of a host that logs here.</summary>
    public string[] Options => ["--log", "kafka", "--kafka-bootstrap", Bootstrap, "--kafka-prefix", Prefix];

    public Task<KafkaLog> OpenLogAsync() => KafkaLog.OpenAsync(
        new KafkaLogOptions { Bootstrap = Bootstrap, Prefix = Prefix }, TimeProvider.System, null, CancellationToken.None);

    /// <summary>Writes as a program of others does.</summary>
    public async Task ProduceAsync(string topic, params (string? Key, string? Value)[] records)
    {
        using var producer = new ProducerBuilder<string?, string?>(new ProducerConfig { BootstrapServers = Bootstrap }).Build();
        foreach (var (key, value) in records)
        {
            await producer.ProduceAsync(new TopicPartition(Prefix + topic, 0), new Message<string?, string?> { Key = key, Value = value });
        }
    }

    /// <summary>Key of every record that a topic holds, erased or not.</summary>
    public List<string?> Keys(string topic, int partitions)
    {
        var keys = new List<string?>();
        using var consumer = new ConsumerBuilder<string?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = Bootstrap, GroupId = "keys", EnableAutoCommit = false, EnablePartitionEof = true,
        }).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(Prefix + topic, partition, Offset.Beginning)));
        for (var ends = 0; ends < partitions;)
        {
            var result = consumer.Consume(Patience) ?? throw new TimeoutException("the topic cannot be read");
            if (result.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                keys.Add(result.Message.Key);
            }
        }

        return keys;
    }

    public async ValueTask DisposeAsync()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).SetLogHandler((_, _) => { }).Build();
        var topics = admin.GetMetadata(Patience).Topics.Select(topic => topic.Topic).Where(topic => topic.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        if (topics.Count > 0)
        {
            await admin.DeleteTopicsAsync(topics);
        }
    }
}
