using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Logs;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Removes what is older than its retention, at the start and then every ten minutes; never what a checkpoint still needs.</summary>
internal sealed partial class RetentionService(
    IHostLog log, IHostStore store, RecommendationEngine engine, StandaloneRetention retention, TimeProvider time, ILogger<RetentionService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await engine.CaughtUp.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                var trimmed = await log.TrimAsync(engine.NeededFrom(), time.GetUtcNow(), stoppingToken);
                await store.TrimAsync(retention, time.GetUtcNow(), stoppingToken);
                if (trimmed.Segments + trimmed.Records > 0)
                {
                    LogTrimmed(trimmed.Segments, trimmed.Records);
                }
            }
            catch (UnavailableException exception)
            {
                LogPostponed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Segments} segments and {Records} replaced records.")]
    private partial void LogTrimmed(int segments, int records);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Retention waits for its next turn: {Reason}")]
    private partial void LogPostponed(string reason);
}
