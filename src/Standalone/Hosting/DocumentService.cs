using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Writes the analysts' documents while the host runs, and removes the old ones.</summary>
internal sealed partial class DocumentService(
    InteractionDocuments interactions,
    RejectedDocuments rejected,
    MetricDocuments metrics,
    RecommendationEngine engine,
    StandaloneRetention retention,
    TimeProvider time,
    ILogger<DocumentService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Titles are those of the catalogue, so it is read first.
            await engine.CaughtUp.WaitAsync(stoppingToken);
            await Task.WhenAll(
                interactions.RunAsync(stoppingToken), rejected.RunAsync(stoppingToken), metrics.RunAsync(stoppingToken), TrimAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start goes on from where the readers are.
        }
        catch
        {
            Environment.ExitCode = 1;
            throw;
        }
    }

    private async Task TrimAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await interactions.TrimAsync(time.GetUtcNow() - retention.Documents, stoppingToken);
                await metrics.TrimAsync(time.GetUtcNow() - retention.Metrics, stoppingToken);
            }
            catch (Exception exception) when (exception is UnavailableException or ElasticsearchException)
            {
                LogPostponed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Retention of documents waits for its next turn: {Reason}")]
    private partial void LogPostponed(string reason);
}
