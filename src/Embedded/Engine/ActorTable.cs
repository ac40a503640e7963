using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// The actors of one partition that are in memory, least recently used first. Only the partition's loop changes an actor; anybody may read one
/// in a turn of its own. A changed actor stays until a checkpoint has written it, so what the store gives back is never stale.
/// </summary>
internal sealed class ActorTable<TActor>
    where TActor : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ActorSlot<TActor>> _slots = new(StringComparer.Ordinal);
    private readonly ActorSlot<TActor> _ends = new("");
    private readonly IStateStore _store;
    private readonly ActorKind _kind;
    private readonly Func<string, ActorState?, TActor> _materialise;
    private readonly int _bound;
    private List<ActorSlot<TActor>> _changed = [];

    public ActorTable(IStateStore store, ActorKind kind, int bound, Func<string, ActorState?, TActor> materialise)
    {
        (_store, _kind, _bound, _materialise) = (store, kind, bound, materialise);
        _ends.Next = _ends.Previous = _ends;
    }

    /// <summary>Actors in memory.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _slots.Count;
            }
        }
    }

    /// <summary>Actors that changed since the last snapshot.</summary>
    public int ChangedCount => _changed.Count;

    /// <summary>Runs a turn on an actor; loads it first when it is not in memory.</summary>
    /// <exception cref="UnavailableException">It is not in memory and the store is away.</exception>
    public ValueTask<TResult> UseAsync<TArgument, TResult>(
        string id, TArgument argument, Func<TActor, TArgument, TResult> turn, CancellationToken cancellationToken)
    {
        var slot = Find(id);
        return slot is null
            ? LoadThenUseAsync(id, argument, turn, cancellationToken)
            : new ValueTask<TResult>(slot.Run(argument, turn));
    }

    /// <summary>
    /// Brings actors into memory, those of one call with one request to the store. A load serves everybody who wants the actor, so it is not ended
    /// when the caller that began it gives up.
    /// </summary>
    public async ValueTask EnsureLoadedAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        List<ActorSlot<TActor>>? missing = null;
        List<Task>? loads = null;
        TaskCompletionSource? own = null;
        lock (_gate)
        {
            foreach (var id in ids)
            {
                if (!_slots.TryGetValue(id, out var slot))
                {
                    own ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    slot = new ActorSlot<TActor>(id) { Loading = own.Task };
                    _slots.Add(id, slot);
                    (missing ??= []).Add(slot);
                }
                else if (slot.Loading is { } loading && loads?.Contains(loading) != true)
                {
                    (loads ??= []).Add(loading);
                }
            }
        }

        if (missing is not null)
        {
            (loads ??= []).Add(own!.Task);
            _ = LoadAsync(missing, own);
        }

        foreach (var load in loads ?? [])
        {
            await InContextAsync(load).WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Slot of an actor that is in memory and about to change, for the partition's loop; null when it is not in memory. The loop makes the change
    /// while it holds the slot's lock.
    /// </summary>
    public ActorSlot<TActor>? BeginChange(string id)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(id, out var slot) || slot.Actor is null)
            {
                return null;
            }

            Touch(slot);
            if (!slot.IsChanged)
            {
                slot.IsChanged = true;
                _changed.Add(slot);
            }

            return slot;
        }
    }

    /// <summary>
    /// Takes the states of all changed actors, for the partition's loop. They stay in memory until <see cref="Release"/> says that they are
    /// written.
    /// </summary>
    public (List<ActorState> States, object Ticket) Snapshot(Func<TActor, ActorState> snapshot)
    {
        var changed = _changed;
        _changed = [];
        var states = new List<ActorState>(changed.Count);
        foreach (var slot in changed)
        {
            lock (slot.TurnLock)
            {
                states.Add(snapshot(slot.Actor!));
            }
        }

        lock (_gate)
        {
            foreach (var slot in changed)
            {
                slot.IsChanged = false;
                slot.Writing++;
            }
        }

        return (states, changed);
    }

    /// <summary>The states of a snapshot are written: its actors may leave, and those beyond the bound do.</summary>
    public void Release(object ticket)
    {
        lock (_gate)
        {
            foreach (var slot in (List<ActorSlot<TActor>>)ticket)
            {
                slot.Writing--;
            }

            Evict();
        }
    }

    private async ValueTask<TResult> LoadThenUseAsync<TArgument, TResult>(
        string id, TArgument argument, Func<TActor, TArgument, TResult> turn, CancellationToken cancellationToken)
    {
        // The actor may leave again between its load and the turn when the table is full; then once more.
        while (true)
        {
            await EnsureLoadedAsync([id], cancellationToken);
            if (Find(id) is { } slot)
            {
                lock (_gate)
                {
                    Evict();
                }

                return slot.Run(argument, turn);
            }
        }
    }

    private ActorSlot<TActor>? Find(string id)
    {
        lock (_gate)
        {
            if (_slots.TryGetValue(id, out var slot) && slot.Actor is not null)
            {
                Touch(slot);
                return slot;
            }

            return null;
        }
    }

    // Task.WaitAsync on a source that completes asynchronously goes on on the thread pool, whatever the caller's context; on this it does not.
    private static async Task InContextAsync(Task task) => await task;

    private async Task LoadAsync(List<ActorSlot<TActor>> missing, TaskCompletionSource loading)
    {
        try
        {
            var states = await _store.LoadAsync(_kind, missing.ConvertAll(slot => slot.Id), CancellationToken.None);
            var actors = new TActor[missing.Count];
            for (var i = 0; i < actors.Length; i++)
            {
                actors[i] = _materialise(missing[i].Id, states[i]);
            }

            lock (_gate)
            {
                for (var i = 0; i < actors.Length; i++)
                {
                    missing[i].Actor = actors[i];
                    missing[i].Loading = null;
                    Link(missing[i]);
                }
            }

            loading.TrySetResult();
        }
        catch (Exception exception)
        {
            lock (_gate)
            {
                foreach (var slot in missing)
                {
                    _slots.Remove(slot.Id);
                }
            }

            loading.TrySetException(exception);

            // Marks the exception as observed: everybody who waits may have given up.
            _ = loading.Task.Exception;
        }
    }

    private void Evict()
    {
        var slot = _ends.Next!;

        // Changed actors at the front are stepped over, but not all of them again and again.
        for (var steps = 64 + (2 * (_slots.Count - _bound)); _slots.Count > _bound && slot != _ends && steps > 0; steps--)
        {
            var next = slot.Next!;
            if (!slot.IsChanged && slot.Writing == 0)
            {
                Unlink(slot);
                _slots.Remove(slot.Id);
            }

            slot = next;
        }
    }

    private void Touch(ActorSlot<TActor> slot)
    {
        Unlink(slot);
        Link(slot);
    }

    private void Link(ActorSlot<TActor> slot)
    {
        (slot.Previous, slot.Next) = (_ends.Previous, _ends);
        _ends.Previous!.Next = slot;
        _ends.Previous = slot;
    }

    private static void Unlink(ActorSlot<TActor> slot)
    {
        slot.Previous!.Next = slot.Next;
        slot.Next!.Previous = slot.Previous;
    }
}

/// <summary>An actor's place in its table.</summary>
internal sealed class ActorSlot<TActor>(string id)
    where TActor : class
{
    public string Id => id;

    /// <summary>Null until loaded.</summary>
    public TActor? Actor { get; set; }

    /// <summary>Held during a turn of the actor.</summary>
    public Lock TurnLock { get; } = new();

    internal Task? Loading { get; set; }
    internal bool IsChanged { get; set; }
    internal int Writing { get; set; }
    internal ActorSlot<TActor>? Previous { get; set; }
    internal ActorSlot<TActor>? Next { get; set; }

    public TResult Run<TArgument, TResult>(TArgument argument, Func<TActor, TArgument, TResult> turn)
    {
        lock (TurnLock)
        {
            return turn(Actor!, argument);
        }
    }
}
