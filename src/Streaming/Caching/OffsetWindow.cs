namespace Cinegrain.Streaming.Caching;

/// <summary>Items in the order of their offsets: added at the end, dropped at the front, found by offset.</summary>
internal sealed class OffsetWindow<T>
{
    private readonly List<(long Offset, T Item)> _items = [];
    private int _first;

    public int Count => _items.Count - _first;

    public (long Offset, T Item) this[int index] => _items[_first + index];

    /// <summary>Offset of the last item, or -1.</summary>
    public long LastOffset => Count == 0 ? -1 : _items[^1].Offset;

    public void Add(long offset, T item) => _items.Add((offset, item));

    public void DropFirst()
    {
        _items[_first++] = default;

        // The front is cut off when it is at least half, so each item is moved once on average.
        if (_first * 2 >= _items.Count)
        {
            _items.RemoveRange(0, _first);
            _first = 0;
        }
    }

    /// <summary>Index of the first item above an offset.</summary>
    public int IndexAbove(long offset)
    {
        var (low, high) = (_first, _items.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _items[middle].Offset <= offset ? (middle + 1, high) : (low, middle);
        }

        return low - _first;
    }
}
