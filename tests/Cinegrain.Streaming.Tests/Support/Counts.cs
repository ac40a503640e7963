using System.Collections.Concurrent;
using System.Text;

namespace Cinegrain.Streaming.Tests.Support;

/// <summary>State of a counting grain: how many records it applied, and a digest of their values in order.</summary>
[GenerateSerializer, Immutable]
public sealed record CountState([property: Id(0)] long Version, [property: Id(1)] int Count, [property: Id(2)] ulong Digest)
{
    public static readonly CountState None = new(0, 0, 14_695_981_039_346_656_037);

    public CountState Apply(long offset, string value) =>
        new(offset + 1, Count + 1, Encoding.UTF8.GetBytes(value).Aggregate(Digest, (digest, b) => (digest ^ b) * 1_099_511_628_211));
}

/// <summary>What outlives silos in a test, as a database does; and what the test sees of the grains.</summary>
public sealed class Counts
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Persisted states by key.</summary>
    public ConcurrentDictionary<string, CountState> Stored { get; } = new();

    /// <summary>States in memory by key, as the grains last told.</summary>
    public ConcurrentDictionary<string, CountState> Live { get; } = new();

    /// <summary>Offsets in the order in which <c>OnNextAsync</c> got them, by key.</summary>
    public ConcurrentDictionary<string, ConcurrentQueue<long>> Deliveries { get; } = new();

    /// <summary>Stored positions by partition.</summary>
    public ConcurrentDictionary<int, KafkaPosition> Positions { get; } = new();

    /// <summary>Silo that last loaded a partition's position.</summary>
    public ConcurrentDictionary<int, string> Readers { get; } = new();

    /// <summary>Keys whose grain is to throw when it gets a record.</summary>
    public ConcurrentDictionary<string, bool> Failing { get; } = new();

    /// <summary>Calls that are to throw before one succeeds: loads of positions, checkpoints, poison.</summary>
    public ConcurrentDictionary<string, int> Failures { get; } = new();

    /// <summary>Throws when the kind of call is still to fail.</summary>
    public void ThrowIfToFail(string call)
    {
        if (Failures.AddOrUpdate(call, -1, (_, left) => left - 1) >= 0)
        {
            throw new InvalidOperationException($"{call} is told to fail");
        }
    }

    /// <summary>Checkpoints that the checkpointer was asked for and how they ended.</summary>
    public ConcurrentQueue<(KafkaCheckpoint Checkpoint, int Behind)> Checkpoints { get; } = new();

    /// <summary>Records that the poison handler got.</summary>
    public ConcurrentQueue<KafkaSourceRecord> Poison { get; } = new();

    /// <summary>Held by a test that wants no checkpoint to end.</summary>
    public SemaphoreSlim CheckpointGate { get; } = new(1, 1);

    /// <summary>Something above changed.</summary>
    public void Changed()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    /// <summary>Waits until something is so; looked at whenever anything changes.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
            }

            if (condition())
            {
                return;
            }

            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"after two minutes not so: {what}");
            }
        }
    }
}
