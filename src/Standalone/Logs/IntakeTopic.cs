using System.Collections.Concurrent;
using Cinegrain.Embedded.Engine;
using Cinegrain.Ingest;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Logs;

/// <summary>
/// Takes raw interactions that others wrote to <see cref="Topics.Intake"/> (<see cref="RawInteractions"/>); the position is in the store.
/// </summary>
internal sealed partial class IntakeTopic(
    IHostLog host, IStateStore store, Intake intake, RecommendationEngine engine, TimeProvider time, ILogger<IntakeTopic> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, long> _positions = new();

    /// <summary>How far each partition is.</summary>
    public IEnumerable<(string Topic, int Partition, long Offset)> Positions() => _positions.Select(position => (Topics.Intake, position.Key, position.Value));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (host is not KafkaHostLog)
        {
            return;
        }

        try
        {
            await engine.CaughtUp.WaitAsync(stoppingToken);
            await Task.WhenAll(Enumerable.Range(0, host.Log.PartitionCount(Topics.Intake)).Select(partition => TakeAsync(partition, stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not taken is at or above the positions.
        }
    }

    private async Task TakeAsync(int partition, CancellationToken cancellationToken)
    {
        var log = host.Log;
        var stored = await UntilDoneAsync(() => store.LoadCheckpointAsync(Topics.Intake, partition, cancellationToken).AsTask(), cancellationToken);
        var next = stored?.Offset ?? 0;
        if (next > log.End(Topics.Intake, partition))
        {
            LogMadeAgain(partition);
            next = 0;
        }

        while (true)
        {
            _positions[partition] = next;
            var end = log.End(Topics.Intake, partition);
            var records = await UntilDoneAsync(() => log.ReadAsync(Topics.Intake, partition, next, RawInteractions.BatchSize, cancellationToken).AsTask(), cancellationToken);
            var after = records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, next);
            await UntilDoneAsync(
                async () =>
                {
                    await RawInteractions.SubmitAsync(intake, partition, records, cancellationToken);
                    await store.WriteAsync([], new Checkpoint(Topics.Intake, partition, after, 0, ReadOnlyMemory<byte>.Empty), cancellationToken);
                    return true;
                },
                cancellationToken);
            next = after;
        }
    }

    private async Task<T> UntilDoneAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (UnavailableException exception)
            {
                LogPostponed(exception.Message);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The topic of raw interactions waits: {Reason}")]
    private partial void LogPostponed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The topic of raw interactions was made again: partition {Partition} is taken from its beginning.")]
    private partial void LogMadeAgain(int partition);
}
