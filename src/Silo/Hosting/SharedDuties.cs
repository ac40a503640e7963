using Cinegrain.Elasticsearch;
using Cinegrain.Grains;
using Cinegrain.Grains.Hosting;
using Cinegrain.Hosting;
using Cinegrain.Kafka.Ownership;
using Cinegrain.Model;
using Cinegrain.Model.Ports;
using Orleans.Runtime;

namespace Cinegrain.Silo.Hosting;

/// <summary>
/// What one silo does for all: it writes the analysts' documents and removes old ones. It is the silo that has the cluster's place at the log; when two have it
/// for a moment, the ids of the documents make that harmless.
/// </summary>
internal sealed partial class SharedDuties(
    SiloOptions options,
    LogOwnership place,
    ISiloStatus silo,
    ElasticsearchClient client,
    IScannableLog log,
    IStateStore store,
    SharedModel shared,
    IGrainFactory grains,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILoggerFactory loggers,
    ILogger<SharedDuties> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), TrimPeriod = TimeSpan.FromMinutes(10), Pause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await WaitAsync(Look, stoppingToken);
            if (place.Lost.IsCompleted)
            {
                LogLost();
                lifetime.StopApplication();
                return;
            }

            if (place.IsHeld && silo.IsReady)
            {
                await ServeAsync(stoppingToken);
            }
        }
    }

    private async Task ServeAsync(CancellationToken stoppingToken)
    {
        using var turn = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        using var interactions = new InteractionDocuments(
            client, log, store, movie => shared.View.Metadata(movie)?.Title, loggers.CreateLogger<InteractionDocuments>());
        using var rejected = new RejectedDocuments(client, log, store, loggers.CreateLogger<RejectedDocuments>());
        using var metrics = new MetricDocuments(client, SampleAsync, options.ClusterId, loggers.CreateLogger<MetricDocuments>());
        LogBegun();
        var serving = options.Documents == "all"
            ? Task.WhenAll(interactions.RunAsync(turn.Token), rejected.RunAsync(turn.Token), metrics.RunAsync(turn.Token), TrimAsync(interactions, metrics, turn.Token))
            : TrimAsync(interactions, metrics, turn.Token);
        while (place.IsHeld && !serving.IsCompleted && !stoppingToken.IsCancellationRequested)
        {
            await WaitAsync(Look, stoppingToken);
        }

        await turn.CancelAsync();
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
            // Whoever has the place next goes on from where the readers are.
        }
        catch (Exception exception)
        {
            // Learning does not depend on it: it is tried again after a pause.
            LogFailed(exception, exception.Message);
            await WaitAsync(Pause, stoppingToken);
        }
    }

    /// <summary>How the cluster does: one sample for all silos.</summary>
    private async ValueTask<MetricSample> SampleAsync()
    {
        try
        {
            return DashboardPage.Sample(await ClusterFigures.ReadAsync(grains, time.GetUtcNow()));
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            throw new UnavailableException("the figures of the cluster cannot be read now", Pause, exception);
        }
    }

    private async Task TrimAsync(InteractionDocuments interactions, MetricDocuments metrics, CancellationToken cancellationToken)
    {
        var audit = new AuditDocuments(client);
        using var timer = new PeriodicTimer(TrimPeriod, time);
        do
        {
            try
            {
                await interactions.TrimAsync(time.GetUtcNow() - TimeSpan.FromDays(options.RetainDocumentsDays), cancellationToken);
                await metrics.TrimAsync(time.GetUtcNow() - TimeSpan.FromDays(options.RetainMetricsDays), cancellationToken);
                await audit.TrimAsync(time.GetUtcNow() - TimeSpan.FromDays(options.RetainAuditDays), cancellationToken);
            }
            catch (UnavailableException exception)
            {
                LogPostponed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(Level = LogLevel.Information, Message = "This silo has the cluster's place at the log: it writes the documents.")]
    private partial void LogBegun();

    [LoggerMessage(Level = LogLevel.Critical, Message = "Another process learns from this log now: this silo stops. Give each log one silo in lockstep.")]
    private partial void LogLost();

    [LoggerMessage(Level = LogLevel.Error, Message = "Documents are not written now, the next attempt is in ten seconds: {Reason}")]
    private partial void LogFailed(Exception exception, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old documents are not removed now: {Reason}")]
    private partial void LogPostponed(string reason);
}
