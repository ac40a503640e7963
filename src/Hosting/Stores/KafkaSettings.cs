using Cinegrain.Kafka;
using Cinegrain.Model.Ports;

namespace Cinegrain.Hosting;

/// <summary>Kafka as the settings have it.</summary>
public static class KafkaSettings
{
    /// <summary>Settings of the log.</summary>
    /// <param name="isCluster">True for a process of a cluster.</param>
    /// <param name="isOnePartition">True for a log in lockstep.</param>
    /// <exception cref="SettingsException">A file cannot be read.</exception>
    public static KafkaLogOptions Of(ServerOptions options, bool isCluster, bool isOnePartition = false) => new()
    {
        Bootstrap = options.KafkaBootstrap,
        Prefix = options.KafkaPrefix,
        ReplicationFactor = options.KafkaReplication,
        IsCluster = isCluster,
        Partitions = options.Partitions is { } count ? new Dictionary<string, int> { [Topics.Interactions] = count }
            : isOnePartition ? new Dictionary<string, int> { [Topics.Interactions] = 1 }
            : new Dictionary<string, int>(),
        Retention = new Dictionary<string, TimeSpan>
        {
            [Topics.Interactions] = TimeSpan.FromDays(options.RetainInteractionsDays),
            [Topics.Signals] = TimeSpan.FromDays(options.RetainSignalsDays),
            [Topics.Rejected] = TimeSpan.FromDays(options.RetainRejectedDays),
        },
        Security = new KafkaSecurity
        {
            Protocol = options.KafkaSecurity,
            SaslMechanism = options.KafkaSaslMechanism,
            UserName = options.KafkaUser,
            Password = Secrets.Read(options.KafkaPassword, options.KafkaPasswordFile, nameof(options.KafkaPasswordFile)),
            CertificateAuthority = options.KafkaCa,
            Certificate = options.KafkaCertificate,
            Key = options.KafkaKey,
        },
    };

    /// <summary>Opens the log.</summary>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    /// <exception cref="KafkaSetupException">The cluster or a topic is not as it must be.</exception>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public static async Task<KafkaLog> OpenAsync(KafkaLogOptions settings, TimeProvider time, Microsoft.Extensions.Logging.ILogger<KafkaLog> logger)
    {
        try
        {
            return await KafkaLog.OpenAsync(settings, time, logger, CancellationToken.None);
        }
        catch (ArgumentException exception)
        {
            throw new SettingsException([exception.Message]);
        }
    }
}
