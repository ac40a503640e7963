using Orleans.Streams;

namespace Cinegrain.Streaming.Caching;

/// <summary>Events of one stream that are delivered in one call.</summary>
[GenerateSerializer, Immutable, Alias("Cinegrain.Streaming.KafkaBatchContainer")]
internal sealed class KafkaBatchContainer(StreamId streamId, string topic, int partition, long[] offsets, object[] events) : IBatchContainer
{
    [Id(0)]
    private readonly StreamId _streamId = streamId;

    [Id(1)]
    private readonly string _topic = topic;

    [Id(2)]
    private readonly int _partition = partition;

    [Id(3)]
    private readonly long[] _offsets = offsets;

    [Id(4)]
    private readonly object[] _events = events;

    /// <inheritdoc/>
    public StreamId StreamId => _streamId;

    /// <summary>Token of its last event.</summary>
    public StreamSequenceToken SequenceToken => new KafkaSequenceToken(_topic, _partition, LastOffset);

    /// <summary>Offset of its last event.</summary>
    public long LastOffset => _offsets[^1];

    /// <summary>How many events.</summary>
    public int Count => _offsets.Length;

    /// <summary>How many of them are at or below an offset.</summary>
    public int CountThrough(long offset) => _offsets.Count(own => own <= offset);

    /// <inheritdoc/>
    /// <exception cref="InvalidCastException">The grain subscribes with another type than the data adapter makes.</exception>
    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>()
    {
        for (var i = 0; i < _events.Length; i++)
        {
            var item = _events[i] is T typed
                ? typed
                : throw new InvalidCastException($"the stream has a {_events[i].GetType().Name}, the subscription wants a {typeof(T).Name}");
            yield return Tuple.Create(item, (StreamSequenceToken)new KafkaSequenceToken(_topic, _partition, _offsets[i]));
        }
    }

    /// <inheritdoc/>
    public bool ImportRequestContext() => false;
}

/// <summary>Tells the agent that a stream has something. Its token is that of what the subscribers have: a cursor made from it yields what follows.</summary>
internal sealed class StreamArrival(StreamId streamId, KafkaSequenceToken token) : IBatchContainer
{
    /// <inheritdoc/>
    public StreamId StreamId => streamId;

    /// <inheritdoc/>
    public StreamSequenceToken SequenceToken => token;

    /// <inheritdoc/>
    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>() => [];

    /// <inheritdoc/>
    public bool ImportRequestContext() => false;
}
