using System.Diagnostics.CodeAnalysis;
using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.State;
using Cinegrain.Hosting;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Gateway.Hosting;

/// <summary>The log as a gateway needs it: the intake appends to it, and the catalogue's entries are read from it. It is opened once a silo has made the topics.</summary>
internal sealed partial class GatewayLog(
    GatewayOptions options, Pseudonymizer pseudonymizer, Retry retry, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<KafkaLog> logger)
    : BackgroundService, IMovieLookup
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), RetryAfter = TimeSpan.FromSeconds(2);

    private readonly MovieTable _movies = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Opened? _opened;

    /// <summary>The catalogue's entries.</summary>
    public MovieTable Movies => _movies;

    /// <summary>Refused input that the log holds.</summary>
    public RejectedCounts Rejected { get; } = new();

    /// <summary>Completes once the entries that were in the log are read.</summary>
    public Task Ready => _ready.Task;

    /// <summary>True once the entries that were in the log are read.</summary>
    public bool IsReady => _opened is not null;

    /// <exception cref="UnavailableException">The log is not open yet.</exception>
    public KafkaLog Log => Now.Log;

    /// <exception cref="UnavailableException">The log is not open yet.</exception>
    public Intake Intake => Now.Intake;

    private Opened Now => _opened ?? throw new UnavailableException("the log is not open yet", RetryAfter);

    /// <summary>Partition of a user.</summary>
    /// <exception cref="UnavailableException">The log is not open yet.</exception>
    public int PartitionOf(string user) => Partitioner.Partition(user, Log.PartitionCount(Topics.Interactions));

    /// <summary>Completes once this gateway has an entry of the catalogue that was appended.</summary>
    public Task WaitForMoviesAsync(LogPosition position, CancellationToken cancellationToken) =>
        Now.Movies.WaitAsync(position.Partition, position.Offset + 1, cancellationToken);

    public bool TryGet(string id, [NotNullWhen(true)] out MovieMetadata? metadata) => _movies.TryGet(id, out metadata);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (await OpenAsync(stoppingToken) is not { } opened)
            {
                return;
            }

            await Task.WhenAll(opened.Erasures.StartAsync(stoppingToken), opened.Movies.StartAsync(stoppingToken));
            _opened = opened;
            _ready.TrySetResult();
            LogReady(_movies.Count);
            opened.Rejections.Start();
            await await Task.WhenAny(opened.Movies.Completion, opened.Erasures.Completion, opened.Rejections.Completion);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception exception)
        {
            LogFailed(exception, exception.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_opened is { } opened)
        {
            await opened.Movies.StopAsync();
            await opened.Erasures.StopAsync();
            await opened.Rejections.StopAsync();
        }

        await base.StopAsync(cancellationToken);
        if (_opened is { } last)
        {
            last.Movies.Dispose();
            last.Erasures.Dispose();
            last.Rejections.Dispose();
            await last.Log.DisposeAsync();
        }
    }

    private async Task<Opened?> OpenAsync(CancellationToken stoppingToken)
    {
        var settings = KafkaSettings.Of(options, isCluster: true) with { MakesTopics = false };
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var log = await KafkaSettings.OpenAsync(settings, time, logger);
                return new Opened(
                    log,
                    new Intake(log, this, pseudonymizer, time, new IntakeOptions()),
                    new TopicFollower(log, Topics.Movies, retry, (_, record) => _movies.Take(record)),
                    new TopicFollower(log, Topics.Erasures, retry, (_, record) => log.TakeErasure(record)),
                    new TopicFollower(log, Topics.Rejected, retry, (_, record) => Rejected.Take(record)));
            }
            catch (UnavailableException exception)
            {
                LogNotOpen(exception.Message);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    private sealed record Opened(KafkaLog Log, Intake Intake, TopicFollower Movies, TopicFollower Erasures, TopicFollower Rejections);

    [LoggerMessage(Level = LogLevel.Information, Message = "The catalogue is there: {Movies} movies.")]
    private partial void LogReady(int movies);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log cannot be opened now, next attempt in a second: {Reason}")]
    private partial void LogNotOpen(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The log cannot be used, the gateway stops: {Reason}")]
    private partial void LogFailed(Exception exception, string reason);
}
