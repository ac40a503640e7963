using System.Runtime.CompilerServices;
using System.Text;
using Cinegrain.Model;
using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests.Storage;

/// <summary>What of the store is on the disk: it outlives the process. Tombstones stand under a hash of their id.</summary>
internal sealed class StoreDisk(IStoreObserver observer)
{
    private readonly Dictionary<(ActorKind, string), ActorState> _states = [];
    private readonly Dictionary<(ActorKind, ulong), long> _tombstones = [];
    private readonly Dictionary<(string, int), Checkpoint> _checkpoints = [];

    public string? Identity { get; set; }

    public IEnumerable<ActorState> States => _states.Values;

    public int TombstoneCount(ActorKind kind) => _tombstones.Keys.Count(key => key.Item1 == kind);

    public ActorState? Load(ActorKind kind, string id) =>
        _states.TryGetValue((kind, id), out var state) ? state
            : _tombstones.TryGetValue((kind, StableHash.Of(id)), out var version) ? new ActorState(kind, id, version, default)
            : null;

    public Checkpoint? LoadCheckpoint(string topic, int partition) => _checkpoints.GetValueOrDefault((topic, partition));

    public void Apply(ActorState state)
    {
        var stored = Load(state.Kind, state.Id);
        observer.Writing(stored, state);
        if (stored is not null && stored.Version >= state.Version)
        {
            return;
        }

        var hash = (state.Kind, StableHash.Of(state.Id));
        if (state.IsTombstone)
        {
            _states.Remove((state.Kind, state.Id));
            _tombstones[hash] = state.Version;
        }
        else
        {
            _tombstones.Remove(hash);
            _states[(state.Kind, state.Id)] = state;
        }
    }

    public void Apply(Checkpoint checkpoint)
    {
        observer.Writing(LoadCheckpoint(checkpoint.Topic, checkpoint.Partition), checkpoint, this);
        _checkpoints[(checkpoint.Topic, checkpoint.Partition)] = checkpoint;
    }

    /// <summary>Somebody deletes the store.</summary>
    public void Clear()
    {
        _states.Clear();
        _tombstones.Clear();
        _checkpoints.Clear();
        Identity = null;
    }

    /// <summary>True when the bytes of a text stand anywhere.</summary>
    public bool Contains(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return _states.Values.Any(state => state.Id.Contains(text, StringComparison.Ordinal) || state.State.Span.IndexOf(bytes) >= 0)
            || _checkpoints.Values.Any(checkpoint => checkpoint.Statistics.Span.IndexOf(bytes) >= 0);
    }
}

/// <summary>Sees what is written before it is.</summary>
internal interface IStoreObserver
{
    void Writing(ActorState? stored, ActorState state);

    void Writing(Checkpoint? stored, Checkpoint checkpoint, StoreDisk disk);
}

/// <summary>Takes no notice.</summary>
internal sealed class NoObserver : IStoreObserver
{
    public void Writing(ActorState? stored, ActorState state)
    {
    }

    public void Writing(Checkpoint? stored, Checkpoint checkpoint, StoreDisk disk)
    {
    }
}

/// <summary>
/// A store over a <see cref="StoreDisk"/> for one life of the process. Atomic: a write is there as a whole or not at all (SQLite). Otherwise
/// documents are written one after the other, the checkpoint last, and a failure or a kill leaves some of them (Elasticsearch).
/// </summary>
internal sealed class SimulatedStore : IStateStore
{
    private const string Device = "store";

    private readonly StoreDisk _disk;
    private readonly Machine _machine;
    private readonly bool _isAtomic;
    private readonly List<(IReadOnlyList<ActorState> States, Checkpoint? Checkpoint)> _open = [];

    public SimulatedStore(StoreDisk disk, Machine machine, bool isAtomic)
    {
        (_disk, _machine, _isAtomic) = (disk, machine, isAtomic);
        machine.WhenKilled(Tear);
    }

    public async ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken)
    {
        await _machine.WorkAsync(Device, "bind");
        _disk.Identity ??= logIdentity;
        if (_disk.Identity != logIdentity)
        {
            throw new WrongLogException($"{_disk.Identity}, not {logIdentity}");
        }
    }

    public async ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await _machine.WorkAsync(Device, $"load {kind} {string.Join(' ', ids)}");
        cancellationToken.ThrowIfCancellationRequested();
        return [.. ids.Select(id => _disk.Load(kind, id))];
    }

    public async IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _machine.WorkAsync(Device, $"scan {kind}");
        foreach (var state in _disk.States.Where(state => state.Kind == kind).ToArray())
        {
            yield return state;
        }
    }

    public async ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        await _machine.WorkAsync(Device, $"load checkpoint {topic}/{partition}");
        return _disk.LoadCheckpoint(topic, partition);
    }

    public async ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        var what = $"write {states.Count} {checkpoint?.Topic}/{checkpoint?.Partition} {checkpoint?.Offset}";
        if (_isAtomic)
        {
            var write = (states, checkpoint);
            _open.Add(write);
            try
            {
                await _machine.WorkAsync(Device, what);
            }
            catch (UnavailableException) when (_machine.Random.Next(4) == 0)
            {
                // It failed after the commit.
                ApplyAll(write);
                throw;
            }
            finally
            {
                _open.Remove(write);
            }

            ApplyAll(write);
            return;
        }

        var order = states.ToArray();
        _machine.Random.Shuffle(order);
        foreach (var state in order)
        {
            await _machine.WorkAsync(Device, what);
            _disk.Apply(state);
        }

        if (checkpoint is not null)
        {
            await _machine.WorkAsync(Device, what);
            _disk.Apply(checkpoint);
        }
    }

    private void ApplyAll((IReadOnlyList<ActorState> States, Checkpoint? Checkpoint) write)
    {
        foreach (var state in write.States)
        {
            _disk.Apply(state);
        }

        if (write.Checkpoint is not null)
        {
            _disk.Apply(write.Checkpoint);
        }
    }

    private void Tear()
    {
        foreach (var write in _open.Where(_ => _machine.Random.Next(2) == 0).ToArray())
        {
            ApplyAll(write);
        }

        _open.Clear();
    }
}
