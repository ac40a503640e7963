using Cinegrain.Hosting;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Recommending;

/// <summary>Counts the refused input that the log holds.</summary>
internal sealed class RejectedReader(ILog log, RejectedCounts counts) : BackgroundService
{
    private const int BatchSize = 1_000;

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
                counts.Take(record);
            }

            offset = records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, offset);
        }
    }
}
