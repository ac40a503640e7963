using Confluent.Kafka;

namespace Cinegrain.Kafka.Native;

/// <summary>Settings of librdkafka.</summary>
internal static class ClientSettings
{
    /// <summary>What every client has.</summary>
    public static T Common<T>(KafkaLogOptions options)
        where T : ClientConfig, new()
    {
        var security = options.Security;
        var config = new T
        {
            BootstrapServers = options.Bootstrap,
            ClientId = "cinegrain",
            SocketKeepaliveEnable = true,
            SocketNagleDisable = true,
            ReconnectBackoffMs = 100,
            ReconnectBackoffMaxMs = 1_000,
            SocketTimeoutMs = 10_000,
            TopicMetadataRefreshIntervalMs = 60_000,
            BrokerAddressTtl = 1_000,
            LogConnectionClose = false,
        };
        config.Set("security.protocol", security.Protocol);
        if (security.IsSasl)
        {
            config.Set("sasl.mechanism", security.SaslMechanism);
            config.SaslUsername = security.UserName;
            config.SaslPassword = security.Password;
        }

        config.SslCaLocation = security.CertificateAuthority;
        config.SslCertificateLocation = security.Certificate;
        config.SslKeyLocation = security.Key;
        return config;
    }

    /// <summary>
    /// A producer whose records land once and in order. It never gives up on a record by itself: with a time-out for each record a later one
    /// may land where an earlier one did not.
    /// </summary>
    public static ProducerConfig Producer(KafkaLogOptions options)
    {
        var config = Common<ProducerConfig>(options);
        config.EnableIdempotence = true;
        config.EnableGaplessGuarantee = true;
        config.Acks = Acks.All;
        config.LingerMs = options.Linger.TotalMilliseconds;
        config.MessageTimeoutMs = 0;
        config.QueueBufferingMaxMessages = (int)Math.Min(10_000_000L, (2L * options.QueuedRecords) + 1_000);
        config.QueueBufferingMaxKbytes = (int)Math.Min(2_097_151L, (2 * options.QueuedBytes / 1024) + 4_096);
        config.DeliveryReportFields = "none";
        config.StatisticsIntervalMs = 5_000;
        return config;
    }

    /// <summary>A consumer that is told what to read from where; nothing is left to its group.</summary>
    public static ConsumerConfig Consumer(KafkaLogOptions options)
    {
        var config = Common<ConsumerConfig>(options);
        config.GroupId = Group(options);
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        config.AutoOffsetReset = AutoOffsetReset.Error;
        config.EnablePartitionEof = true;
        config.IsolationLevel = IsolationLevel.ReadCommitted;

        // A partition that is assigned or resumed waits for the request that is under way.
        config.FetchWaitMaxMs = 100;
        config.FetchErrorBackoffMs = 100;
        config.ConsumeResultFields = "timestamp,topic";
        config.MaxPollIntervalMs = 86_400_000;
        return config;
    }

    /// <summary>Name of the group that stands for this log's readers.</summary>
    public static string Group(KafkaLogOptions options) => options.Prefix + "cinegrain";
}
