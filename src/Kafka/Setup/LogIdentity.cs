using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Kafka.Native;
using Confluent.Kafka;

namespace Cinegrain.Kafka.Setup;

/// <summary>
/// The identity of a log: the last record of a compacted topic of one partition. It is renewed whenever a topic that holds history has to be made
/// again, so a store built from what is gone refuses the log.
/// </summary>
internal sealed partial class LogIdentity(KafkaLogOptions options)
{
    /// <summary>Topic that holds it.</summary>
    public const string Topic = "cinegrain.log";

    private const string Key = "identity";

    /// <summary>The identity, or null when there is none yet.</summary>
    public async Task<string?> ReadAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var partition = new TopicPartition(options.PhysicalName(Topic), 0);
        using var consumer = new ConsumerBuilder<string?, byte[]?>(ClientSettings.Consumer(options)).SetLogHandler((_, _) => { }).Build();
        var marks = await Settling.AskAsync(
            () => consumer.QueryWatermarkOffsets(partition, options.OpenTimeout), options.OpenTimeout, time, cancellationToken);
        consumer.Assign(new TopicPartitionOffset(partition, marks.Low));
        string? identity = null;
        while (consumer.Consume(options.OpenTimeout) is { } result)
        {
            if (result.IsPartitionEOF)
            {
                consumer.Close();
                return identity;
            }

            if (result.Message is { Key: Key, Value: { } value })
            {
                identity = Parse(value, partition.Topic);
            }
        }

        throw new Model.Ports.UnavailableException($"topic {partition.Topic} cannot be read now", TimeSpan.FromSeconds(5));
    }

    /// <summary>Makes a new one.</summary>
    public async Task<string> RenewAsync(CancellationToken cancellationToken)
    {
        var identity = Guid.NewGuid().ToString();
        using var producer = new ProducerBuilder<string, byte[]>(ClientSettings.Producer(options)).SetLogHandler((_, _) => { }).Build();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.OpenTimeout);
        var value = JsonSerializer.SerializeToUtf8Bytes(new Document(1, identity), IdentityJson.Default.Document);
        try
        {
            await producer.ProduceAsync(new TopicPartition(options.PhysicalName(Topic), 0), new Message<string, byte[]> { Key = Key, Value = value }, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Model.Ports.UnavailableException("Kafka does not take the record of the log's identity", TimeSpan.FromSeconds(5));
        }

        return identity;
    }

    private static string Parse(byte[] value, string topic)
    {
        try
        {
            return JsonSerializer.Deserialize(value, IdentityJson.Default.Document)?.Id ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new KafkaSetupException(
                $"the record of the log's identity in topic {topic} cannot be read. It was not written by this program, or by a newer one: use another "
                + "prefix, or the newer program",
                exception);
        }
    }

    internal sealed record Document([property: JsonPropertyName("v")] int Version, [property: JsonRequired] string Id);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Document))]
    private sealed partial class IdentityJson : JsonSerializerContext;
}
