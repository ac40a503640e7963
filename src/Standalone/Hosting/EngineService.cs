using System.Diagnostics;
using Cinegrain.Embedded.Engine;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Starts and stops the engine with the host, and stops the host when the engine cannot go on.</summary>
internal sealed partial class EngineService(RecommendationEngine engine, IHostApplicationLifetime lifetime, ILogger<EngineService> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await engine.StartAsync(cancellationToken);
        LogAnswering(Stopwatch.GetElapsedTime(started).TotalSeconds, engine.Shared.View.ListedCount, engine.Lag);
        _ = WatchAsync(started);
    }

    public Task StopAsync(CancellationToken cancellationToken) => engine.StopAsync(cancellationToken);

    private async Task WatchAsync(long started)
    {
        try
        {
            await Task.WhenAny(engine.CaughtUp, engine.Completion);
            if (engine.CaughtUp.IsCompletedSuccessfully)
            {
                LogCaughtUp(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            await engine.Completion;
        }
        catch (Exception exception) when (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            LogFailed(exception, exception.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Answering after {Seconds:0.0} s: {Movies} movies, {Lag} records to catch up with.")]
    private partial void LogAnswering(double seconds, int movies, long lag);

    [LoggerMessage(Level = LogLevel.Information, Message = "Caught up with the log after {Seconds:0.0} s.")]
    private partial void LogCaughtUp(double seconds);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The engine cannot go on, the host stops: {Reason}")]
    private partial void LogFailed(Exception exception, string reason);
}
