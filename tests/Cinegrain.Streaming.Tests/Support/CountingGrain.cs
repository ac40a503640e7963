using System.Collections.Concurrent;
using System.Text;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Cinegrain.Streaming.Tests.Support;

public interface ICountingGrain : IGrainWithStringKey
{
    /// <summary>Writes the state to what outlives silos, and says how far it goes.</summary>
    Task<long> PersistAsync();

    /// <summary>The silo that it is on.</summary>
    Task<string> SiloAsync();

    /// <summary>Goes back to what is persisted, without a word to its subscription.</summary>
    Task ForgetAsync();
}

/// <summary>Applies records exactly once in effect, as a grain of an application does: by version, resuming where its state ends.</summary>
[ImplicitStreamSubscription(Namespace)]
[RandomPlacement]
public sealed class CountingGrain(Counts counts, ILocalSiloDetails silo) : Grain, ICountingGrain, IStreamSubscriptionObserver, IAsyncObserver<KafkaRecord>
{
    public const string Namespace = "counts";

    private CountState? _state;

    private string Key => this.GetPrimaryKeyString();

    private CountState State => _state ??= counts.Stored.GetValueOrDefault(Key, CountState.None);

    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) =>
        handleFactory.Create<KafkaRecord>().ResumeAsync(this, new KafkaSequenceToken(State.Version - 1));

    public Task OnNextAsync(KafkaRecord item, StreamSequenceToken? token = null)
    {
        if (counts.Failing.ContainsKey(Key))
        {
            throw new InvalidOperationException("told to fail");
        }

        counts.Deliveries.GetOrAdd(Key, _ => new ConcurrentQueue<long>()).Enqueue(item.Offset);
        if (item.PreviousOffset >= State.Version)
        {
            // The next activation resumes at its state.
            DeactivateOnIdle();
            throw new InvalidOperationException("a gap");
        }

        if (item.Offset >= State.Version)
        {
            _state = State.Apply(item.Offset, Encoding.UTF8.GetString(item.Value!));
            counts.Live[Key] = State;
        }

        counts.Changed();
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;

    public Task OnCompletedAsync() => Task.CompletedTask;

    public Task<long> PersistAsync()
    {
        // As a store does that goes by version: an activation that was replaced loses.
        counts.Stored.AddOrUpdate(Key, State, (_, stored) => stored.Version > State.Version ? stored : State);
        return Task.FromResult(State.Version);
    }

    public Task<string> SiloAsync() => Task.FromResult(silo.Name);

    public Task ForgetAsync()
    {
        _state = null;
        return Task.CompletedTask;
    }
}

public interface IPlacedGrain : IGrainWithStringKey
{
    Task<string> SiloAsync();
}

/// <summary>Says where it is.</summary>
[KafkaReaderPlacement(StreamCluster.Provider, CountingGrain.Namespace)]
public sealed class PlacedGrain(ILocalSiloDetails silo) : Grain, IPlacedGrain
{
    public Task<string> SiloAsync() => Task.FromResult(silo.Name);
}

/// <summary>Barrier of the counting grains.</summary>
internal sealed class CountsCheckpointer(Counts counts, IGrainFactory grains, ILocalSiloDetails silo) : IKafkaCheckpointer
{
    public Task<KafkaPosition> LoadAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        counts.ThrowIfToFail(nameof(LoadAsync));
        counts.Readers[partition] = silo.Name;
        counts.Changed();
        return Task.FromResult(counts.Positions.GetValueOrDefault(partition, new KafkaPosition(-1, 1)));
    }

    public async Task<IReadOnlyList<KafkaStreamPosition>> CheckpointAsync(KafkaCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        counts.ThrowIfToFail(nameof(CheckpointAsync));
        await counts.CheckpointGate.WaitAsync(cancellationToken);
        try
        {
            var versions = await Task.WhenAll(checkpoint.Streams.Select(stream => grains.GetGrain<ICountingGrain>(stream.Stream.GetKeyAsString()).PersistAsync()));
            var behind = checkpoint.Streams.Zip(versions)
                .Where(pair => pair.Second <= pair.First.Offset)
                .Select(pair => new KafkaStreamPosition(pair.First.Stream, pair.Second - 1))
                .ToList();
            if (behind.Count == 0)
            {
                counts.Positions.AddOrUpdate(
                    checkpoint.Partition,
                    new KafkaPosition(checkpoint.Offset, checkpoint.Generation),
                    (_, stored) => stored with { Offset = Math.Max(stored.Offset, checkpoint.Offset) });
            }

            counts.Checkpoints.Enqueue((checkpoint, behind.Count));
            return behind;
        }
        finally
        {
            counts.CheckpointGate.Release();
            counts.Changed();
        }
    }
}

/// <summary>Keeps what it gets.</summary>
internal sealed class KeepingPoisonHandler(Counts counts) : IKafkaPoisonHandler
{
    public Task HandleAsync(KafkaSourceRecord record, Exception reason, CancellationToken cancellationToken)
    {
        counts.ThrowIfToFail(nameof(HandleAsync));
        counts.Poison.Enqueue(record);
        counts.Changed();
        return Task.CompletedTask;
    }
}
