namespace Cinegrain.Streaming.Caching;

/// <summary>What the cache holds of one stream.</summary>
internal sealed class StreamWindow(StreamId stream)
{
    public StreamId Stream => stream;

    /// <summary>Its events since the last checkpoint.</summary>
    public OffsetWindow<object> Events { get; } = new();

    /// <summary>Places where it is read; few.</summary>
    public List<StreamCursor> Cursors { get; } = [];

    /// <summary>Offset through which every subscriber has it.</summary>
    public long Delivered { get; set; } = -1;

    /// <summary>Highest offset that was ever delivered: what is delivered at or below it is a redelivery.</summary>
    public long HighestDelivered { get; set; } = -1;

    /// <summary>True while the agent is yet to be told of it.</summary>
    public bool IsAnnounced { get; set; }

    public bool HasUndelivered => Events.LastOffset > Delivered;
}
