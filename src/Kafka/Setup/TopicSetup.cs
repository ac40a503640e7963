using System.Globalization;
using Cinegrain.Kafka.Native;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Kafka.Setup;

/// <summary>What a topic has to be like.</summary>
/// <param name="Name">Its name on the cluster.</param>
/// <param name="Partitions">Number of partitions of a new one.</param>
/// <param name="IsPartitionsFixed">True when an existing topic must have that number.</param>
/// <param name="Retention">How long records are kept; null when the topic is compacted.</param>
internal sealed record TopicSpec(string Name, int Partitions, bool IsPartitionsFixed, TimeSpan? Retention)
{
    public string CleanupPolicy => Retention is null ? "compact" : "delete";

    public static TopicSpec Of(string topic, KafkaLogOptions options) => new(
        options.PhysicalName(topic),
        options.Partitions.TryGetValue(topic, out var count) ? count : options.StandardPartitions[topic],
        options.Partitions.ContainsKey(topic),
        options.RetentionOf(topic));
}

/// <summary>Makes the topics that are missing, and checks those that are there.</summary>
/// <param name="trouble">What the client said last about its connections, or null.</param>
internal sealed partial class TopicSetup(IAdminClient admin, KafkaLogOptions options, Func<string?> trouble, TimeProvider time, ILogger logger)
{
    /// <summary>Topics whose records are the log's history: without one of them it is another log.</summary>
    private static readonly string[] History = [Topics.Interactions, Topics.Signals, Topics.Movies];

    private const int FirstWithScram = 0x02_06_01_ff;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    /// <summary>Number of partitions of each topic, and the log's identity.</summary>
    /// <exception cref="KafkaSetupException">A topic is not as it must be, or cannot be made.</exception>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public async Task<(Dictionary<string, int> Partitions, string Identity)> RunAsync(LogIdentity identity, CancellationToken cancellationToken)
    {
        var existing = Existing();
        var missing = options.StandardPartitions.Keys.Where(topic => !existing.ContainsKey(options.PhysicalName(topic))).ToList();
        await CheckAsync(existing);

        if (!options.MakesTopics && (missing.Count > 0 || !existing.ContainsKey(options.PhysicalName(LogIdentity.Topic))))
        {
            throw new UnavailableException("the topics of the log are not there yet; a silo of the cluster makes them", TimeSpan.FromSeconds(2));
        }

        var register = new TopicSpec(options.PhysicalName(LogIdentity.Topic), 1, IsPartitionsFixed: true, Retention: null);
        var known = existing.ContainsKey(register.Name) ? await identity.ReadAsync(time, cancellationToken) : null;
        if (!existing.ContainsKey(register.Name))
        {
            await CreateAsync([register]);
        }

        // A new identity stands in the log before a topic is made again, so that a crash in between does not leave the old one with it.
        if (!options.MakesTopics && known is null)
        {
            throw new UnavailableException("the log has no identity yet; a silo of the cluster gives it one", TimeSpan.FromSeconds(2));
        }

        if (known is null || missing.Any(History.Contains))
        {
            known = await identity.RenewAsync(cancellationToken);
        }

        if (missing.Count > 0)
        {
            await CreateAsync([.. missing.Select(topic => TopicSpec.Of(topic, options))]);
            existing = await AwaitTopicsAsync(missing, cancellationToken);
            await CheckAsync(existing);
        }

        return (options.StandardPartitions.Keys.ToDictionary(topic => topic, topic => existing[options.PhysicalName(topic)]), known);
    }

    /// <summary>Brokers since 4.0 refuse SCRAM's last message as librdkafka wrote it before 2.6.1, and say that the password is wrong.</summary>
    private static string ScramHint(KafkaSecurity security) =>
        security.SaslMechanism?.StartsWith("SCRAM", StringComparison.Ordinal) == true && Library.Version < FirstWithScram
            ? $". librdkafka {Library.VersionString} cannot log in by SCRAM to Kafka 4 or newer: use 2.6.1 or newer (-p:BundleLibrdkafka=true brings one), or PLAIN over TLS"
            : "";

    private Dictionary<string, int> Existing()
    {
        try
        {
            return admin.GetMetadata(options.OpenTimeout).Topics
                .Where(topic => topic.Error.Code == ErrorCode.NoError)
                .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        }
        catch (KafkaException exception)
        {
            throw new UnavailableException(
                $"Kafka at {options.Bootstrap} does not answer ({trouble() ?? exception.Error.Reason}): check the address and the security settings, and that the broker runs{ScramHint(options.Security)}",
                TimeSpan.FromSeconds(5),
                exception);
        }
    }

    private async Task CheckAsync(Dictionary<string, int> existing)
    {
        var specs = options.StandardPartitions.Keys.Select(topic => TopicSpec.Of(topic, options)).Where(spec => existing.ContainsKey(spec.Name)).ToList();
        if (specs.Count == 0)
        {
            return;
        }

        foreach (var spec in specs)
        {
            var count = existing[spec.Name];
            if (spec.IsPartitionsFixed && count != spec.Partitions)
            {
                throw new KafkaSetupException(
                    $"topic {spec.Name} has {count} partitions, which is fixed, since a user never changes partition; it cannot be opened with "
                    + $"{spec.Partitions}. Leave the number out, set it to {count}, or start a new log under another prefix and import again");
            }

            if (count > KafkaLogOptions.MaximumPartitions)
            {
                throw new KafkaSetupException($"topic {spec.Name} has {count} partitions; at most {KafkaLogOptions.MaximumPartitions} are supported");
            }
        }

        var described = await DescribeAsync(specs);
        foreach (var spec in specs)
        {
            var settings = described[spec.Name];
            var policy = settings.GetValueOrDefault("cleanup.policy", "delete");
            if (policy != spec.CleanupPolicy)
            {
                throw new KafkaSetupException(
                    $"topic {spec.Name} has cleanup.policy={policy}, but must have {spec.CleanupPolicy}: "
                    + (spec.Retention is null ? "its last record of each key is kept for ever. " : "compaction would remove all but the last record of each key. ")
                    + $"Change it with kafka-configs --alter --entity-type topics --entity-name {spec.Name} --add-config cleanup.policy={spec.CleanupPolicy}, "
                    + "or use another prefix");
            }

            if (spec.Retention is { } retention
                && long.TryParse(settings.GetValueOrDefault("retention.ms"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var actual)
                && actual != Milliseconds(retention))
            {
                LogRetention(spec.Name, actual, Milliseconds(retention));
            }
        }
    }

    private async Task<Dictionary<string, Dictionary<string, string>>> DescribeAsync(List<TopicSpec> specs)
    {
        try
        {
            var results = await admin.DescribeConfigsAsync(
                specs.Select(spec => new ConfigResource { Type = ResourceType.Topic, Name = spec.Name }),
                new DescribeConfigsOptions { RequestTimeout = options.OpenTimeout });
            return results.ToDictionary(
                result => result.ConfigResource.Name, result => result.Entries.Values.ToDictionary(entry => entry.Name, entry => entry.Value));
        }
        catch (KafkaException exception)
        {
            throw Failure("the settings of the topics cannot be read", exception);
        }
    }

    private async Task CreateAsync(IReadOnlyList<TopicSpec> specs)
    {
        try
        {
            await admin.CreateTopicsAsync(
                specs.Select(spec => new TopicSpecification
                {
                    Name = spec.Name,
                    NumPartitions = spec.Partitions,
                    ReplicationFactor = (short)(options.ReplicationFactor ?? -1),
                    Configs = Settings(spec),
                }),
                new CreateTopicsOptions { RequestTimeout = options.OpenTimeout, OperationTimeout = options.OpenTimeout });
        }
        catch (CreateTopicsException exception)
        {
            // Another process may have made them at the same time; the check that follows looks at what it made.
            var failed = exception.Results.Where(r => r.Error.Code is not ErrorCode.NoError and not ErrorCode.TopicAlreadyExists).ToList();
            if (failed.Count > 0)
            {
                throw new KafkaSetupException(
                    $"topic {failed[0].Topic} cannot be made: {failed[0].Error.Reason}. Check the replication factor against the number of brokers, and "
                    + "the right to create topics; or make the topics by hand",
                    exception);
            }
        }
        catch (KafkaException exception)
        {
            throw Failure("the topics cannot be made", exception);
        }

        foreach (var spec in specs)
        {
            LogCreated(spec.Name, spec.Partitions);
        }
    }

    /// <summary>Settings of a new topic. Records carry the broker's time of arrival: retention counts from it, whatever clock a producer has.</summary>
    private static Dictionary<string, string> Settings(TopicSpec spec)
    {
        var settings = new Dictionary<string, string>
        {
            ["cleanup.policy"] = spec.CleanupPolicy,
            ["message.timestamp.type"] = "LogAppendTime",
        };
        if (spec.Retention is { } retention)
        {
            settings["retention.ms"] = $"{Milliseconds(retention)}";

            // Kafka removes whole segments, so a segment must not outlive its records by much.
            settings["segment.ms"] = $"{Math.Clamp(Milliseconds(retention) / 10, 60_000, 7 * 86_400_000L)}";
        }

        return settings;
    }

    private async Task<Dictionary<string, int>> AwaitTopicsAsync(List<string> topics, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var existing = Existing();
            if (topics.TrueForAll(topic => existing.ContainsKey(options.PhysicalName(topic))))
            {
                return existing;
            }

            if (time.GetElapsedTime(started) > options.OpenTimeout)
            {
                throw new UnavailableException("the brokers do not show the topics that were just made", TimeSpan.FromSeconds(5));
            }

            await Task.Delay(Moment, time, cancellationToken);
        }
    }

    private static UnavailableException Failure(string what, KafkaException exception) =>
        new($"{what}: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception);

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    [LoggerMessage(Level = LogLevel.Information, Message = "Made topic {Topic} with {Partitions} partitions.")]
    private partial void LogCreated(string topic, int partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Topic {Topic} has retention.ms={Actual}, the settings say {Wanted}; the topic's own is in force until it is changed with kafka-configs.")]
    private partial void LogRetention(string topic, long actual, long wanted);
}
