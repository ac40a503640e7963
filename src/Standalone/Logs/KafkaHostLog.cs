using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Cinegrain.Embedded.Engine;
using Cinegrain.Hosting;
using Cinegrain.Kafka;
using Cinegrain.Kafka.Ownership;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Hosting;

namespace Cinegrain.Standalone.Logs;

/// <summary>The log on Kafka, which removes by itself what is older than its retention.</summary>
internal sealed class KafkaHostLog : IHostLog
{
    private readonly KafkaLog _log;
    private readonly LogOwnership _ownership;

    private KafkaHostLog(KafkaLog log, LogOwnership ownership) => (_log, _ownership, Log) = (log, ownership, new Erasable(log));

    public IErasableLog Log { get; }

    public Task Lost => _ownership.Lost;

    /// <summary>Opens the log as the only process that learns from it.</summary>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    /// <exception cref="KafkaSetupException">The cluster or a topic is not as it must be, or another process learns.</exception>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public static async Task<KafkaHostLog> OpenAsync(
        StandaloneOptions options, string folder, TimeProvider time, ILogger<KafkaLog> logger)
    {
        var settings = KafkaSettings.Of(options, isCluster: false, isOnePartition: options.Lockstep);
        var log = await KafkaSettings.OpenAsync(settings, time, logger);
        try
        {
            return new KafkaHostLog(log, await LogOwnership.AcquireAsync(settings, MemberOf(folder), time, logger, CancellationToken.None));
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    public Task<(int Segments, int Records)> TrimAsync(
        IReadOnlyList<(string Topic, int Partition, long Offset)> needed, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult((0, 0));

    public Task ShowPositionsAsync(IReadOnlyList<(string Topic, int Partition, long Offset)> positions, CancellationToken cancellationToken) =>
        _log.CopyPositionsAsync(positions, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _ownership.DisposeAsync();
        await _log.DisposeAsync();
    }

    /// <summary>The same for each start on the same folder, of which its lock allows one at a time.</summary>
    private static string MemberOf(string folder) =>
        "cinegrain-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName} {Path.GetFullPath(folder)}")))[..16];

    private sealed class Erasable(KafkaLog log) : IErasableLog
    {
        public string Identity => log.Identity;

        public bool ErasesAtOnce => false;

        public int PartitionCount(string topic) => log.PartitionCount(topic);

        public long End(string topic, int partition) => log.End(topic, partition);

        public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) =>
            log.AppendAsync(entries, cancellationToken);

        public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken) =>
            log.ReadAsync(topic, partition, offset, maximum, cancellationToken);

        public async Task<LogErasure> EraseUserAsync(string pseudonym, long upToOffset, CancellationToken cancellationToken)
        {
            await log.EraseUserAsync(pseudonym, upToOffset, cancellationToken);
            return default;
        }

        public async IAsyncEnumerable<LogRecord> ReadKeyAsync(
            string topic, int partition, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var record in log.ScanAsync(topic, partition, 0, log.End(topic, partition), cancellationToken))
            {
                if (record.Key == key)
                {
                    yield return record;
                }
            }
        }
    }
}
