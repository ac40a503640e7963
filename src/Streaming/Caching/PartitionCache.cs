using Orleans.Streams;

namespace Cinegrain.Streaming.Caching;

/// <summary>
/// The records of a partition since its last checkpoint, with an index of each stream. It is what a stream whose grain moved or died is replayed from, so
/// nothing leaves it but by a checkpoint. Used by the partition's agent alone, one turn at a time.
/// </summary>
internal sealed class PartitionCache(string topic, int partition, KafkaStreamOptions options) : IQueueCache
{
    private readonly Dictionary<StreamId, StreamWindow> _streams = [];
    private readonly OffsetWindow<(StreamWindow Window, int Bytes)> _records = new();
    private readonly List<StreamWindow> _announced = [];
    private readonly Queue<StreamWindow> _orphans = new();
    private long _next, _frontier;

    public string Topic => topic;

    public int Partition => partition;

    /// <summary>Offset of the last checkpoint: everything below it is persisted.</summary>
    public long Checkpoint { get; private set; }

    /// <summary>Offset that is read next.</summary>
    public long Next => _next;

    /// <summary>Records kept.</summary>
    public int Count => _records.Count;

    /// <summary>Bytes kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>Streams with records since the last checkpoint.</summary>
    public int ChangedStreams { get; private set; }

    /// <summary>Streams with a cursor or a record.</summary>
    public int Streams => _streams.Count;

    /// <summary>Events delivered to subscribers.</summary>
    public long Delivered { get; private set; }

    /// <summary>Those of them that had been delivered before.</summary>
    public long Redelivered { get; private set; }

    /// <summary>How full it is; at 1 or above the partition is read no further.</summary>
    public double Fill => Math.Max((double)Count / options.CachedRecords, (double)Bytes / options.CachedBytes);

    /// <summary>Starts empty at an offset.</summary>
    public void Begin(long offset) => Checkpoint = _next = _frontier = offset;

    /// <summary>Offset of the stream's last record since the checkpoint, or -1.</summary>
    public long PreviousOffset(StreamId stream) => _streams.TryGetValue(stream, out var window) ? window.Events.LastOffset : -1;

    /// <summary>Takes in a record; offsets rise.</summary>
    public void Add(long offset, StreamId stream, object item, int bytes)
    {
        if (!_streams.TryGetValue(stream, out var window))
        {
            _streams.Add(stream, window = new StreamWindow(stream));
        }

        if (window.Events.Count == 0)
        {
            ChangedStreams++;
        }

        window.Events.Add(offset, item);
        _records.Add(offset, (window, bytes));
        Bytes += bytes;
        _next = offset + 1;
        Announce(window);
    }

    /// <summary>There is nothing to deliver below an offset that is not in the cache already.</summary>
    public void PassTo(long next) => _next = Math.Max(_next, next);

    /// <summary>The streams that the agent is to be told of.</summary>
    public IList<IBatchContainer> TakeArrivals()
    {
        var arrivals = new IBatchContainer[_announced.Count];
        for (var i = 0; i < arrivals.Length; i++)
        {
            var window = _announced[i];
            window.IsAnnounced = false;
            arrivals[i] = new StreamArrival(window.Stream, new KafkaSequenceToken(topic, partition, window.Delivered));
        }

        _announced.Clear();
        return arrivals;
    }

    /// <summary>True when the agent is to be told something.</summary>
    public bool HasArrivals => _announced.Count > 0;

    /// <summary>Announces streams again that nobody reads although they have something, as when their registration failed.</summary>
    /// <returns>How many.</returns>
    public int AnnounceOrphans(int maximum)
    {
        var announced = 0;
        for (var left = _orphans.Count; left > 0 && announced < maximum; left--)
        {
            var window = _orphans.Dequeue();
            if (window.Cursors.Count == 0 && window.HasUndelivered)
            {
                Announce(window);
                announced++;
            }
        }

        return announced;
    }

    /// <summary>What <see cref="Frontier"/> found last; for metrics.</summary>
    public long LastFrontier => _frontier;

    /// <summary>Offset below which everything is delivered.</summary>
    public long Frontier()
    {
        var index = _records.IndexAbove(_frontier - 1);
        while (index < _records.Count && _records[index] is var (offset, record) && offset <= record.Window.Delivered)
        {
            index++;
        }

        return _frontier = index < _records.Count ? _records[index].Offset : _next;
    }

    /// <summary>The streams with records below an offset, each with the offset of its last one there.</summary>
    public List<KafkaStreamPosition> StreamsBelow(long offset)
    {
        var last = new Dictionary<StreamWindow, long>();
        for (int i = 0, end = _records.IndexAbove(offset - 1); i < end; i++)
        {
            last[_records[i].Item.Window] = _records[i].Offset;
        }

        return [.. last.Select(pair => new KafkaStreamPosition(pair.Key.Stream, pair.Value))];
    }

    /// <summary>Everything below an offset is persisted: it goes.</summary>
    public void Persisted(long offset)
    {
        Checkpoint = offset;
        while (_records.Count > 0 && _records[0].Offset < offset)
        {
            var (window, bytes) = _records[0].Item;
            _records.DropFirst();
            Bytes -= bytes;
            window.Events.DropFirst();
            if (window.Events.Count == 0)
            {
                ChangedStreams--;
                Forget(window);
            }
        }
    }

    /// <summary>Delivers what follows an offset to a stream's subscribers again.</summary>
    public void Rewind(StreamId stream, long offset)
    {
        if (_streams.TryGetValue(stream, out var window))
        {
            window.Cursors.ForEach(cursor => cursor.Rewind(offset));
            SetDelivered(window, Math.Min(window.Delivered, offset));
            if (window.HasUndelivered)
            {
                Announce(window);
            }
        }
    }

    /// <inheritdoc/>
    public QueueCacheCursorResult<IQueueCacheCursor> TryGetCacheCursor(StreamId streamId, StreamSequenceToken? token) =>
        QueueCacheCursorResult<IQueueCacheCursor>.FromCursor(GetCacheCursor(streamId, token));

    /// <summary>A cursor that yields what follows a token; without one, what was not delivered yet. What is not kept is persisted, so nothing can be missed.</summary>
    public IQueueCacheCursor GetCacheCursor(StreamId streamId, StreamSequenceToken? token)
    {
        if (!_streams.TryGetValue(streamId, out var window))
        {
            _streams.Add(streamId, window = new StreamWindow(streamId));
        }

        var cursor = new StreamCursor(this, window, (token as KafkaSequenceToken)?.Offset ?? window.Delivered);
        window.Cursors.Add(cursor);
        return cursor;
    }

    /// <inheritdoc/>
    public QueueCacheCursorResult<IQueueCacheCursor> TryGetCacheCursorAtPosition(StreamId streamId, StreamSubscriptionStartPosition startPosition) =>
        TryGetCacheCursor(streamId, startPosition == StreamSubscriptionStartPosition.EarliestAvailable ? new KafkaSequenceToken(-1) : null);

    /// <summary>Nothing to do: the records are in already when the agent hears of them.</summary>
    public void AddToCache(IList<IBatchContainer> messages)
    {
    }

    /// <summary>Only a checkpoint removes.</summary>
    public bool TryPurgeFromCache(out IList<IBatchContainer> purgedItems)
    {
        purgedItems = [];
        return false;
    }

    /// <summary>At 0 the agent does not pull.</summary>
    public int GetMaxAddCount() => Fill < 1 || HasArrivals ? options.PulledRecords : 0;

    /// <summary>Never: <see cref="GetMaxAddCount"/> says so without a line of log every few milliseconds.</summary>
    public bool IsUnderPressure() => false;

    /// <summary>The next batch after a position, or null.</summary>
    internal KafkaBatchContainer? NextBatch(StreamWindow window, long position)
    {
        var first = window.Events.IndexAbove(position);
        var count = Math.Min(window.Events.Count - first, options.DeliveredRecords);
        if (count <= 0)
        {
            return null;
        }

        var (offsets, events) = (new long[count], new object[count]);
        for (var i = 0; i < count; i++)
        {
            (offsets[i], var item) = window.Events[first + i];

            // What came before is gone from here, and a grain that looks for it would look in vain.
            events[i] = item is KafkaRecord { PreviousOffset: >= 0 } record && record.PreviousOffset < Checkpoint ? record.WithoutPrevious() : item;
        }

        return new KafkaBatchContainer(window.Stream, topic, partition, offsets, events);
    }

    /// <summary>A subscriber has taken a batch.</summary>
    internal void Took(StreamWindow window, KafkaBatchContainer batch)
    {
        Delivered += batch.Count;
        Redelivered += batch.CountThrough(window.HighestDelivered);
        window.HighestDelivered = Math.Max(window.HighestDelivered, batch.LastOffset);
    }

    /// <summary>A cursor of the stream has moved.</summary>
    internal void Moved(StreamWindow window)
    {
        var delivered = long.MaxValue;
        foreach (var cursor in window.Cursors)
        {
            delivered = cursor.HasMoved ? Math.Min(delivered, cursor.Position) : delivered;
        }

        if (delivered != long.MaxValue)
        {
            SetDelivered(window, delivered);
        }
    }

    internal void Remove(StreamWindow window, StreamCursor cursor)
    {
        window.Cursors.Remove(cursor);
        Moved(window);
        if (window.Cursors.Count == 0 && window.HasUndelivered)
        {
            _orphans.Enqueue(window);
        }

        Forget(window);
    }

    private void SetDelivered(StreamWindow window, long offset)
    {
        if (offset < window.Delivered)
        {
            // What was delivered to a grain that is gone counts no more.
            _frontier = Math.Max(Checkpoint, Math.Min(_frontier, offset + 1));
        }

        window.Delivered = offset;
    }

    private void Announce(StreamWindow window)
    {
        if (!window.IsAnnounced)
        {
            window.IsAnnounced = true;
            _announced.Add(window);
        }
    }

    private void Forget(StreamWindow window)
    {
        if (window.Cursors.Count == 0 && window.Events.Count == 0)
        {
            _streams.Remove(window.Stream);
        }
    }
}
