using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest;

/// <summary>
/// The last ids that callers chose and where their records stand; the oldest is forgotten when it is full. An id that was forgotten, or
/// came in before a restart, is appended again, and the user's actor drops it. Safe for concurrent use.
/// </summary>
internal sealed class RememberedIds(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, LogPosition> _positions = [];
    private readonly Queue<UInt128> _order = new();

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _positions.Count;
            }
        }
    }

    public bool TryGet(UInt128 id, out LogPosition position)
    {
        lock (_lock)
        {
            return _positions.TryGetValue(id, out position);
        }
    }

    /// <summary>Remembers an id whose record is durable.</summary>
    public void Add(UInt128 id, LogPosition position)
    {
        if (capacity == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (!_positions.TryAdd(id, position))
            {
                return;
            }

            _order.Enqueue(id);
            IntakeMetrics.Remembered.Add(1);
            if (_order.Count > capacity)
            {
                _positions.Remove(_order.Dequeue());
                IntakeMetrics.Remembered.Add(-1);
            }
        }
    }
}
