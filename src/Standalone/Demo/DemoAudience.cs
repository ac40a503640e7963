using Cinegrain.Embedded.Engine;
using Cinegrain.Ingest;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Demo;

/// <summary>How large and how lively the demo's audience is.</summary>
/// <param name="Viewers">Simulated viewers.</param>
/// <param name="Rate">Their interactions a second, once the past is told.</param>
internal sealed record DemoSettings(int Viewers, double Rate);

/// <summary>
/// Fills an empty catalogue with the demo's films, tells the past of a simulated audience (several months in a few seconds), then lets it go on live.
/// A restart goes on where the audience was.
/// </summary>
internal sealed partial class DemoAudience(
    RecommendationEngine engine, StandaloneRecommender recommender, Intake intake, DemoSettings settings, TimeProvider time, ILogger<DemoAudience> logger)
    : BackgroundService
{
    private const ulong Seed = 20260101;
    private const int PastPerViewer = 15, BatchSize = 500;
    private static readonly TimeSpan Past = TimeSpan.FromDays(150);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await engine.CaughtUp.WaitAsync(stoppingToken);
            var films = DemoCatalogue.Load();
            if (engine.Shared.View.ListedCount == 0)
            {
                await UntilTakenAsync(() => recommender.PutMoviesAsync(films, stoppingToken), stoppingToken);
            }

            // Each event of the audience has a number, so what is counted says where it was; a visitor's own interactions move it on a little.
            var done = 0L;
            engine.ReadStatistics(partition => done += partition.Interactions);
            var past = (long)settings.Viewers * PastPerViewer;
            var events = new Audience(films, settings.Viewers, Seed).Events(long.MaxValue).Skip((int)Math.Min(done, int.MaxValue));
            LogStarts(settings.Viewers, Math.Max(0, past - done));
            await PlayAsync(events, done, past, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task PlayAsync(IEnumerable<SyntheticEvent> events, long done, long past, CancellationToken stoppingToken)
    {
        var began = time.GetUtcNow() - Past;
        var batch = new List<IntakeLine>(BatchSize);
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        var due = 0.0;
        foreach (var e in events)
        {
            if (done < past)
            {
                batch.Add(e.ToIntakeLine(batch.Count + 1, began + (Past * (done / (double)past))));
                done++;
                if (batch.Count == BatchSize || done == past)
                {
                    await SubmitAsync(batch, stoppingToken);
                }

                continue;
            }

            while (due < 1)
            {
                await SubmitAsync(batch, stoppingToken);
                await second.WaitForNextTickAsync(stoppingToken);
                due += settings.Rate;
            }

            batch.Add(e.ToIntakeLine(batch.Count + 1));
            due--;
        }
    }

    private async Task SubmitAsync(List<IntakeLine> batch, CancellationToken stoppingToken)
    {
        if (batch.Count > 0)
        {
            await UntilTakenAsync(() => intake.SubmitAsync(batch, null, "demo", stoppingToken), stoppingToken);
            batch.Clear();
        }
    }

    private async Task UntilTakenAsync(Func<Task> submit, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await submit();
                return;
            }
            catch (UnavailableException exception)
            {
                LogWaits(exception.Message);
                await Task.Delay(exception.RetryAfter, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Demo: {Viewers} simulated viewers, {Past} interactions of their past to tell, then live.")]
    private partial void LogStarts(int viewers, long past);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Demo: the audience waits: {Reason}")]
    private partial void LogWaits(string reason);
}
