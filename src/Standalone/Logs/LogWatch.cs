using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Logs;

/// <summary>Stops the host when another process owns the log now, and shows others every few seconds how far this one is.</summary>
internal sealed partial class LogWatch(
    IHostLog log, RecommendationEngine engine, IntakeTopic intake, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<LogWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await log.Lost.WaitAsync(Period, time, stoppingToken);
                LogLost();
                Environment.ExitCode = 1;
                lifetime.StopApplication();
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (TimeoutException)
            {
                await ShowAsync(stoppingToken);
            }
        }
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await log.ShowPositionsAsync([.. engine.NeededFrom(), .. intake.Positions()], cancellationToken);
        }
        catch (UnavailableException exception)
        {
            LogNotShown(exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Another process learns from the log now, so this one stops.")]
    private partial void LogLost();

    [LoggerMessage(Level = LogLevel.Debug, Message = "Positions are not shown now: {Reason}")]
    private partial void LogNotShown(string reason);
}
