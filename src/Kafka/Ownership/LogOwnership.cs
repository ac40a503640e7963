using Cinegrain.Kafka.Native;
using Cinegrain.Kafka.Setup;
using Cinegrain.Model.Ports;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Kafka.Ownership;

/// <summary>
/// Keeps a second process from learning from the same log: whoever learns is the member of a group that holds the one partition of the identity's
/// topic. A member that is named keeps its place through a restart; of one that died without a successor the place is free after the session time-out.
/// The processes of a cluster are members together: one of them has the place, and when it goes another one gets it.
/// </summary>
public sealed partial class LogOwnership : IAsyncDisposable
{
    private const int ChecksBeforeLost = 6;

    private static readonly TimeSpan Session = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100), CheckPeriod = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TopicPartition _token;
    private readonly IConsumer<Ignore, Ignore> _consumer;
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _isOfCluster;
    private volatile bool _isHeld;
    private int _checks;
    private long _checked;
    private volatile bool _stopping;

    private LogOwnership(KafkaLogOptions options, string? member, string? cluster, TimeProvider time, ILogger logger)
    {
        (_time, _logger, _isOfCluster) = (time, logger, cluster is not null);
        _token = new TopicPartition(options.PhysicalName(LogIdentity.Topic), 0);
        var config = ClientSettings.Consumer(options);
        config.GroupId = ClientSettings.Group(options) + "-owner";
        config.GroupInstanceId = member;
        config.ClientId = cluster is null ? config.ClientId : ClientOf(cluster);
        config.SessionTimeoutMs = (int)Session.TotalMilliseconds;
        config.HeartbeatIntervalMs = 2_000;
        config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
        config.AutoOffsetReset = AutoOffsetReset.Latest;
        _consumer = new ConsumerBuilder<Ignore, Ignore>(config)
            .SetPartitionsAssignedHandler((_, partitions) =>
            {
                if (partitions.Contains(_token))
                {
                    Hold();
                }
            })
            .SetPartitionsRevokedHandler((_, _) => LetGo())
            .SetPartitionsLostHandler((_, _) => LetGo())
            .SetErrorHandler((_, error) =>
            {
                // Fenced: another process took the same member's place.
                if (error.IsFatal)
                {
                    _lost.TrySetResult();
                }
            })
            .SetLogHandler((_, _) => { })
            .Build();
        new Thread(Run) { IsBackground = true, Name = "kafka ownership" }.Start();
    }

    /// <summary>Completes when another process learns from the log now, so that this one must stop. Brokers that are away do not complete it.</summary>
    public Task Lost => _lost.Task;

    /// <summary>True while this process has the place; of a cluster one process at a time, but for moments.</summary>
    public bool IsHeld => _isHeld;

    /// <summary>Enters a process of a cluster, which learns beside the others.</summary>
    /// <param name="options">The log, which is open already.</param>
    /// <param name="cluster">Name of the cluster.</param>
    /// <exception cref="KafkaSetupException">A process that is not of this cluster learns from the log.</exception>
    /// <exception cref="UnavailableException">The brokers do not answer.</exception>
    public static async Task<LogOwnership> JoinClusterAsync(
        KafkaLogOptions options, string cluster, TimeProvider time, ILogger? logger, CancellationToken cancellationToken)
    {
        NativeLibrdkafka.EnsureLoaded();
        var group = ClientSettings.Group(options) + "-owner";
        try
        {
            using var admin = new AdminClientBuilder(ClientSettings.Common<AdminClientConfig>(options)).SetLogHandler((_, _) => { }).Build();
            var found = await Settling.AskAsync(() => admin.ListGroup(group, options.OpenTimeout), options.OpenTimeout, time, cancellationToken);
            if (found?.Members.Any(member => member.ClientId != ClientOf(cluster)) == true)
            {
                throw new KafkaSetupException(
                    $"a process that is not of cluster {cluster} learns from this log already (it is in group {group}): two would learn everything twice. Stop it "
                    + "first, or give this cluster a log of its own with another prefix");
            }
        }
        catch (KafkaException exception)
        {
            throw new UnavailableException($"Kafka's group {group} cannot be read: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception);
        }

        return new LogOwnership(options, null, cluster, time, logger ?? NullLogger.Instance);
    }

    private static string ClientOf(string cluster) => "cinegrain-cluster-" + cluster;

    /// <summary>Waits until this process is the one that learns.</summary>
    /// <param name="options">The log, which is open already.</param>
    /// <param name="member">
    /// Name that is the same for each start on the same data: letters, digits, '.', '_' and '-'. Null where several processes may start on it: then a second
    /// one never takes the place of the first, and after a process that died the next one waits for the session time-out.
    /// </param>
    /// <exception cref="KafkaSetupException">Another process is.</exception>
    public static async Task<LogOwnership> AcquireAsync(
        KafkaLogOptions options, string? member, TimeProvider time, ILogger? logger, CancellationToken cancellationToken)
    {
        NativeLibrdkafka.EnsureLoaded();
        var ownership = new LogOwnership(options, member, null, time, logger ?? NullLogger.Instance);
        try
        {
            await ownership._held.Task.WaitAsync(Patience, time, cancellationToken);
            return ownership;
        }
        catch (TimeoutException)
        {
            await ownership.DisposeAsync();
            throw new KafkaSetupException(
                $"another process learns from this log already (it holds group {ClientSettings.Group(options)}-owner): two would learn everything twice. Stop it "
                + "first, or give this one a log of its own with another prefix");
        }
        catch
        {
            await ownership.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _ended.Task;
        _consumer.Dispose();
    }

    private void Run()
    {
        _consumer.Subscribe(_token.Topic);
        while (!_stopping)
        {
            try
            {
                _consumer.Consume(Poll);
            }
            catch (ConsumeException exception)
            {
                LogClient(exception.Error.Reason);
            }

            CheckWhenNotHeld();
        }

        try
        {
            _consumer.Close();
        }
        catch (KafkaException exception)
        {
            LogClient(exception.Error.Reason);
        }

        _ended.TrySetResult();
    }

    private void Hold()
    {
        _isHeld = true;
        _checks = 0;
        _held.TrySetResult();
    }

    private void LetGo()
    {
        if (_isHeld && !_stopping && !_isOfCluster)
        {
            LogUncertain();
        }

        _isHeld = false;
        _checked = _time.GetTimestamp();
    }

    /// <summary>While the brokers are away nobody can take the place; when they answer and it does not come back, somebody has it.</summary>
    private void CheckWhenNotHeld()
    {
        if (_isOfCluster || _isHeld || !_held.Task.IsCompleted || _time.GetElapsedTime(_checked) < CheckPeriod)
        {
            return;
        }

        _checked = _time.GetTimestamp();
        try
        {
            _consumer.QueryWatermarkOffsets(_token, Poll * 10);
            if (++_checks >= ChecksBeforeLost)
            {
                _lost.TrySetResult();
            }
        }
        catch (KafkaException)
        {
            _checks = 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The hold on the log is uncertain: Kafka's group does not answer, or another process asks for it.")]
    private partial void LogUncertain();

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka: {Text}")]
    private partial void LogClient(string text);
}
