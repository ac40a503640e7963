using Cinegrain.Grains.Blending;
using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.Measuring;
using Cinegrain.Grains.State;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.Hosting;

/// <summary>
/// What a silo does before its grains are called and after they have left: it has the store and a whole view before it joins, and what its grains
/// handed over is written before it goes.
/// </summary>
internal sealed partial class SiloLife(
    SiloServices services,
    SharedTraits traits,
    CatalogueReader reader,
    WeightsFollower weights,
    StatisticsReporter statistics,
    IHostApplicationLifetime lifetime,
    ILogger<SiloLife> logger) : ILifecycleParticipant<ISiloLifecycle>, ISiloStatus
{
    private volatile bool _isReady;

    /// <summary>True while the silo takes part and its view has kept up.</summary>
    public bool IsReady => _isReady;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(SiloLife), ServiceLifecycleStage.RuntimeStorageServices, StartAsync, StopAsync);
        lifecycle.Subscribe(nameof(SiloLife), ServiceLifecycleStage.Active, JoinAsync, LeaveAsync);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = services.Time.GetTimestamp();
        if (services.Lockstep is not null && services.Log.PartitionCount(Topics.Interactions) is not 1 and var partitions)
        {
            throw new ArgumentException(
                $"lockstep needs one partition of interactions, so that the log has one order, but this log has {partitions}: start on a new log with --partitions 1, or without --lockstep");
        }

        await services.Store.BindAsync(services.Log.Identity, cancellationToken);
        await services.Epochs.InitialiseAsync(cancellationToken);
        await reader.StartAsync(cancellationToken);
        services.States.Start();
        services.Sender.Start();
        services.Traits.Start();
        await FillCatalogueAsync(cancellationToken);
        ObserveGauges();
        _ = WatchAsync();
        LogView(services.Time.GetElapsedTime(started).TotalSeconds, services.Shared.View.ListedCount);
    }

    /// <summary>A store that Standalone filled has movies which the catalogue's topic does not have: it gets them from the first silo.</summary>
    private async Task FillCatalogueAsync(CancellationToken cancellationToken)
    {
        var log = services.Log;
        if (Enumerable.Range(0, log.PartitionCount(Topics.Catalog)).Any(partition => log.End(Topics.Catalog, partition) > 0))
        {
            return;
        }

        var whole = new TraitsDelta();
        await foreach (var state in services.Store.ScanAsync(ActorKind.Movie, cancellationToken))
        {
            MovieState.FromBytes(state.Id, state.Version, state.State.Span, services.Shared.Index).Describe(whole);
            traits.Apply(whole, state.Version);
            _ = services.Sender.SendAsync(new LogEntry(Topics.Catalog, state.Id, TraitsCodec.Encode(whole, state.Version, services.Shared.Index)));
            await services.Sender.RoomAsync();
        }
    }

    private Task JoinAsync(CancellationToken cancellationToken)
    {
        weights.Start();
        statistics.Start();
        _isReady = true;
        return Task.CompletedTask;
    }

    private Task LeaveAsync(CancellationToken cancellationToken)
    {
        _isReady = false;
        return Task.WhenAll(weights.StopAsync(), statistics.StopAsync());
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await services.Traits.StopAsync(cancellationToken);
        await services.Sender.StopAsync(cancellationToken);
        await services.States.StopAsync(cancellationToken);
        await reader.StopAsync();
    }

    private void ObserveGauges()
    {
        var metrics = services.Metrics;
        metrics.Observe("cinegrain.grains.catalogue_lag", "{record}", "Records of the catalogue's topics that the silo's view does not have.", () => reader.Lag);
        metrics.Observe("cinegrain.grains.loading", "{state}", "States that wait to be read from the store; at most 100,000.", () => services.States.Loading);
        metrics.Observe("cinegrain.grains.writing", "{state}", "States that wait to be written to the store; at most 100,000.", () => services.States.Writing);
        metrics.Observe("cinegrain.grains.sending", "{record}", "Signals and other records that wait for the log; at 50,000 deliveries wait.", () => services.Sender.Waiting);
        metrics.Observe("cinegrain.grains.publishing", "{movie}", "Movies whose changes wait to be published.", () => services.Traits.Waiting);
    }

    private async Task WatchAsync()
    {
        try
        {
            await reader.Completion;
        }
        catch (Exception exception)
        {
            LogFailed(exception, exception.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The catalogue is there after {Seconds:0.0} s: {Movies} movies.")]
    private partial void LogView(double seconds, int movies);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The log cannot be followed, the silo stops: {Reason}")]
    private partial void LogFailed(Exception exception, string reason);
}
