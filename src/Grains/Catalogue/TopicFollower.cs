using Cinegrain.Grains.State;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Catalogue;

/// <summary>Reads a topic from its beginning, all partitions, and goes on as records come; in one process each reads for itself.</summary>
/// <param name="take">Takes a record; what it throws ends the process, so it throws nothing that a record can cause.</param>
public sealed class TopicFollower(ILog log, string topic, Retry retry, Action<int, LogRecord> take) : IDisposable
{
    private const int Step = 1_000;

    private readonly Waiters[] _taken = [.. Enumerable.Range(0, log.PartitionCount(topic)).Select(_ => new Waiters())];
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Records that are in the log and not taken.</summary>
    public long Lag => _taken.Index().Sum(partition => Math.Max(0, log.End(topic, partition.Index) - partition.Item.Reached));

    /// <summary>Completes when the follower has stopped; fails with what no retry mends.</summary>
    public Task Completion => _running;

    /// <summary>Begins.</summary>
    public void Start() =>
        _running = Task.WhenAll(Enumerable.Range(0, _taken.Length).Select(partition => Task.Run(() => RunAsync(partition), CancellationToken.None)));

    /// <summary>Begins, and completes once everything is taken that is in the log now.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Start();
        var caughtUp = Task.WhenAll(_taken.Index().Select(partition => partition.Item.WaitAsync(log.End(topic, partition.Index), cancellationToken)));
        await await Task.WhenAny(caughtUp, _running);
    }

    /// <summary>Completes once everything of a partition below an offset is taken.</summary>
    public Task WaitAsync(int partition, long offset, CancellationToken cancellationToken) => _taken[partition].WaitAsync(offset, cancellationToken);

    /// <summary>Stops.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(int partition)
    {
        try
        {
            while (true)
            {
                var from = _taken[partition].Reached;
                var end = log.End(topic, partition);
                var records = await retry.UntilDoneAsync(
                    "reading the log", token => log.ReadAsync(topic, partition, from, Step, token).AsTask(), _stopping.Token);
                foreach (var record in records)
                {
                    take(partition, record);
                }

                _taken[partition].Reach(records.Count > 0 ? records[^1].Offset + 1 : Math.Max(end, from));
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The process stops.
        }
    }
}
