using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Model.Ports;
using Partitioner = Cinegrain.Model.Ports.Partitioner;

namespace Cinegrain.Kafka.Erasing;

/// <summary>
/// Whose records of <see cref="Topics.Interactions"/> are passed over, up to which offset: Kafka cannot remove single records before their retention.
/// It stands in a compacted topic of its own, under hashes of the pseudonyms, and is read before anything else of the log is.
/// </summary>
internal sealed partial class ErasureRegister(int partitions)
{
    private readonly ConcurrentDictionary<string, long>[] _below = [.. Enumerable.Range(0, partitions).Select(_ => new ConcurrentDictionary<string, long>(StringComparer.Ordinal))];

    /// <summary>Erasures that are known.</summary>
    public int Count => _below.Sum(partition => partition.Count);

    /// <summary>The record that enters a user.</summary>
    public LogEntry Entry(string pseudonym, long below) => new(
        Topics.Erasures,
        KeyOf(pseudonym),
        JsonSerializer.SerializeToUtf8Bytes(new Document(1, PartitionOf(pseudonym), below), ErasureJson.Default.Document));

    /// <summary>Takes a user in.</summary>
    public void Add(string pseudonym, long below) => Add(PartitionOf(pseudonym), KeyOf(pseudonym), below);

    /// <summary>Takes in a record of the topic.</summary>
    /// <exception cref="KafkaSetupException">It cannot be read, so nobody knows whom it is to keep out.</exception>
    public void Read(LogRecord record)
    {
        if (record.Value.IsEmpty)
        {
            foreach (var partition in _below)
            {
                partition.TryRemove(record.Key, out _);
            }

            return;
        }

        try
        {
            var document = JsonSerializer.Deserialize(record.Value.Span, ErasureJson.Default.Document);
            if (document is { Partition: >= 0 } && document.Partition < _below.Length)
            {
                Add(document.Partition, record.Key, document.Below);
                return;
            }
        }
        catch (JsonException)
        {
            // Told below.
        }

        throw new KafkaSetupException(
            $"record {record.Offset} of topic {Topics.Erasures} cannot be read, so it is not known whose records it is to keep out. It was not written by "
            + "this program, or by a newer one: use the newer program, or write an empty value for the key of the record if it is none of its");
    }

    /// <summary>True when nothing of a partition is passed over.</summary>
    public bool IsEmpty(int partition) => _below[partition].IsEmpty;

    /// <summary>True when a record of interactions is that of an erased user.</summary>
    public bool IsErased(int partition, in LogRecord record) => IsErased(partition, record.Key, record.Offset);

    /// <summary>Keys of users none of whose records are left below the partition's first offset.</summary>
    public IEnumerable<string> Expired(int partition, long first)
    {
        foreach (var (key, below) in _below[partition])
        {
            if (below <= first && _below[partition].TryRemove(key, out _))
            {
                yield return key;
            }
        }
    }

    /// <summary>True when an interaction of a user at an offset is that of an erased user.</summary>
    public bool IsErased(int partition, string pseudonym, long offset) => _below[partition].TryGetValue(KeyOf(pseudonym), out var below) && offset < below;

    private void Add(int partition, string key, long below) => _below[partition].AddOrUpdate(key, below, (_, known) => Math.Max(known, below));

    private int PartitionOf(string pseudonym) => Partitioner.Partition(pseudonym, _below.Length);

    /// <summary>A hash, since the register outlives the user's records.</summary>
    private static string KeyOf(string pseudonym) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pseudonym)));

    /// <param name="Version">Schema version.</param>
    /// <param name="Partition">Partition of interactions.</param>
    /// <param name="Below">Records of the user below this offset are passed over.</param>
    internal sealed record Document(
        [property: JsonPropertyName("v")] int Version, [property: JsonRequired] int Partition, [property: JsonRequired] long Below);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Document))]
    private sealed partial class ErasureJson : JsonSerializerContext;
}
