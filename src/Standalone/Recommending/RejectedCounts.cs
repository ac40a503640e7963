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
            var end = log.End(Topics.Rejected, partition);
            var records = await log.ReadAsync(Topics.Rejected, partition, offset, BatchSize, stoppingToken);
            foreach (var record in records)
            {
                _counts.AddOrUpdate(ReasonOf(record), 1, static (_, count) => count + 1);
            }

            offset = records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, offset);
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
