using Cinegrain.Hosting;
using Cinegrain.Ingest;
using Cinegrain.Kafka.Sharing;
using Cinegrain.Model.Ports;

namespace Cinegrain.Gateway.Hosting;

/// <summary>
/// Takes raw interactions that others wrote to <see cref="Topics.Intake"/>, with the gate and the key of the pseudonyms that only gateways have. All gateways share its
/// partitions; requests do not depend on it.
/// </summary>
internal sealed partial class IntakeTopic(GatewayOptions options, GatewayLog log, TimeProvider time, ILoggerFactory loggers, ILogger<IntakeTopic> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await log.Ready.WaitAsync(stoppingToken);
            var reader = new GroupReader(
                KafkaSettings.Of(options, isCluster: true), Topics.Intake, RawInteractions.BatchSize, loggers.CreateLogger<GroupReader>());
            while (true)
            {
                try
                {
                    await reader.RunAsync((partition, records, token) => RawInteractions.SubmitAsync(log.Intake, partition, records, token), stoppingToken);
                    return;
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogFailed(exception, exception.Message);
                }

                await Task.Delay(Pause, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not taken is at or above the group's offsets.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The topic of raw interactions is not read now, the next attempt is in ten seconds: {Reason}")]
    private partial void LogFailed(Exception exception, string reason);
}
