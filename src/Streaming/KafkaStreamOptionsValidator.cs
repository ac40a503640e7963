using Orleans.Runtime;

namespace Cinegrain.Streaming;

/// <summary>Refuses options that cannot work when the silo or client starts, with a sentence for each.</summary>
internal sealed class KafkaStreamOptionsValidator(KafkaStreamOptions options, string name) : IConfigurationValidator
{
    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        var problems = Problems(options).ToList();
        if (problems.Count > 0)
        {
            throw new OrleansConfigurationException($"Kafka streams '{name}': {string.Join("; ", problems)}");
        }
    }

    private static IEnumerable<string> Problems(KafkaStreamOptions options)
    {
        if (!options.Client.TryGetValue("bootstrap.servers", out var servers) || string.IsNullOrWhiteSpace(servers))
        {
            yield return "Client needs bootstrap.servers, the brokers as host:port with commas between";
        }

        if (options.Topics.Count == 0)
        {
            yield return "Topics is empty: name at least one topic with the namespace of its streams";
        }

        foreach (var (topic, streamNamespace) in options.Topics)
        {
            if (string.IsNullOrWhiteSpace(topic) || string.IsNullOrWhiteSpace(streamNamespace))
            {
                yield return "Topics needs a name and a namespace of streams for each topic";
            }
        }

        foreach (var twice in options.Topics.GroupBy(topic => topic.Value, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            // Offsets order a stream, so it has one topic.
            yield return $"{string.Join(" and ", twice.Select(topic => topic.Key))} have the same namespace of streams, {twice.Key}; give each its own";
        }

        foreach (var setting in new[] { "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof", "group.id" })
        {
            if (options.Client.ContainsKey(setting))
            {
                yield return $"{setting} is the provider's own: remove it from Client" + (setting == "group.id" ? " and set ConsumerGroup" : "");
            }
        }

        foreach (var (option, value) in new (string, long)[]
        {
            (nameof(options.CachedRecords), options.CachedRecords),
            (nameof(options.CachedBytes), options.CachedBytes),
            (nameof(options.DeliveredRecords), options.DeliveredRecords),
            (nameof(options.PulledRecords), options.PulledRecords),
            (nameof(options.CheckpointStreams), options.CheckpointStreams),
            (nameof(options.CheckpointInterval), options.CheckpointInterval.Ticks),
            (nameof(options.ShutdownTimeout), options.ShutdownTimeout.Ticks),
        })
        {
            if (value <= 0)
            {
                yield return $"{option} must be above 0";
            }
        }

        if (options.ReceiveWait < TimeSpan.FromMilliseconds(10) || options.ReceiveWait > TimeSpan.FromMilliseconds(250))
        {
            yield return "ReceiveWait must be between 10 and 250 ms";
        }
    }
}
