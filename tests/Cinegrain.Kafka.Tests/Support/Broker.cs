using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Native;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Cinegrain.Kafka.Tests.Support;

/// <summary>The Kafka that the environment names, and one log of its own for each test on it.</summary>
internal static class Broker
{
    private static int _logs;

    /// <summary>Address, or null.</summary>
    public static string? Bootstrap => KafkaServer.Bootstrap;

    /// <summary>Options of a log that nobody else has.</summary>
    public static KafkaLogOptions NewOptions() => new()
    {
        Bootstrap = Bootstrap!,
        Prefix = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref _logs)}.",
        AppendTimeout = TimeSpan.FromSeconds(20),
        StallAfter = TimeSpan.FromSeconds(10),
    };

    public static Task<KafkaLog> OpenAsync(KafkaLogOptions options) => KafkaLog.OpenAsync(options, TimeProvider.System, null, CancellationToken.None);

    public static IAdminClient NewAdmin()
    {
        NativeLibrdkafka.EnsureLoaded();
        return new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>Deletes the topics of a log.</summary>
    public static async Task RemoveAsync(KafkaLogOptions options)
    {
        using var admin = NewAdmin();
        var topics = admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics
            .Select(topic => topic.Topic).Where(topic => topic.StartsWith(options.Prefix, StringComparison.Ordinal)).ToList();
        if (topics.Count > 0)
        {
            await admin.DeleteTopicsAsync(topics);
        }
    }
}
