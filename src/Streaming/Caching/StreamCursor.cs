using Orleans.Streams;

namespace Cinegrain.Streaming.Caching;

/// <summary>
/// Place of a subscriber in its stream. The agent asks for the next batch once the last one was delivered, and does not skip one that was not: so the
/// move tells what is delivered.
/// </summary>
internal sealed class StreamCursor(PartitionCache cache, StreamWindow window, long position) : IQueueCacheCursor
{
    private KafkaBatchContainer? _current;
    private bool _isDisposed;

    /// <summary>Offset of the last record that the subscriber has.</summary>
    public long Position { get; private set; } = position;

    /// <summary>False for one that only holds a place, as while a stream is being registered.</summary>
    public bool HasMoved { get; private set; }

    /// <inheritdoc/>
    public IBatchContainer? GetCurrent(out Exception? exception)
    {
        exception = null;
        return _current;
    }

    /// <inheritdoc/>
    public QueueCacheCursorMoveResult MoveNextWithResult()
    {
        if (_current is not null)
        {
            cache.Took(window, _current);
            Position = _current.LastOffset;
        }

        HasMoved = true;
        cache.Moved(window);
        _current = cache.NextBatch(window, Position);
        return _current is null ? QueueCacheCursorMoveResult.NoData : QueueCacheCursorMoveResult.Success;
    }

    /// <inheritdoc/>
    public bool MoveNext() => MoveNextWithResult().Kind == QueueCacheCursorMoveResultKind.Success;

    /// <summary>Nothing to do: the cursor looks at the window itself.</summary>
    public void Refresh(StreamSequenceToken token)
    {
    }

    /// <summary>The batch comes again with the next move.</summary>
    public void RecordDeliveryFailure() => _current = null;

    /// <summary>Goes back, so that what follows an offset is delivered again.</summary>
    public void Rewind(long offset)
    {
        Position = Math.Min(Position, offset);
        _current = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            cache.Remove(window, this);
        }
    }
}
