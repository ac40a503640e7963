using System.Collections.Concurrent;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Recommending;

/// <summary>Counts the refused input that the log holds, by reason.</summary>
internal sealed class RejectedCounts(ILog log) : BackgroundService
{
    private const int BatchSize = 1_000;

    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Reasons, the most frequent first.</summary>
    public IEnumerable<(string Reason, long Count)> ByReason() =>
        _counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, log.PartitionCount(Topics.Rejected)).Select(partition => CountAsync(partition, stoppingToken)));

    private async Task CountAsync(int partition, CancellationToken stoppingToken)
    {
        for (long offset = 0; ;)
        {
            foreach (var record in await log.ReadAsync(Topics.Rejected, partition, offset, BatchSize, stoppingToken))
            {
                _counts.AddOrUpdate(ReasonOf(record), 1, static (_, count) => count + 1);
                offset = record.Offset + 1;
            }
        }
    }

    private static string ReasonOf(LogRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.RejectedInput)?.Reason ?? "unreadable-record";
        }
        catch (JsonException)
        {
            return "unreadable-record";
        }
    }
}
