using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>
/// Position of a stream in its partition: the offset of a record. A subscription that resumes at a token has seen that record and everything
/// before it; what follows it is delivered. Tokens are compared within one stream, so by offset alone.
/// </summary>
[GenerateSerializer, Immutable, Alias("Cinegrain.Streaming.KafkaSequenceToken")]
public sealed class KafkaSequenceToken : StreamSequenceToken
{
    /// <summary>Token of an offset whose partition the caller need not know; -1 is before the first.</summary>
    public KafkaSequenceToken(long offset)
        : this("", -1, offset)
    {
    }

    /// <summary>Token of a record.</summary>
    public KafkaSequenceToken(string topic, int partition, long offset) => (Topic, Partition, Offset) = (topic, partition, offset);

    /// <summary>The topic; empty when it was not told.</summary>
    [Id(0)]
    public string Topic { get; private set; }

    /// <summary>The partition; -1 when it was not told.</summary>
    [Id(1)]
    public int Partition { get; private set; }

    /// <summary>Offset of the record.</summary>
    [Id(2)]
    public long Offset { get; private set; }

    /// <inheritdoc/>
    public override long SequenceNumber { get => Offset; protected set => Offset = value; }

    /// <summary>Always 0: each record has an offset of its own.</summary>
    public override int EventIndex { get => 0; protected set { } }

    /// <inheritdoc/>
    public override bool Equals(StreamSequenceToken? other) => other is KafkaSequenceToken token && token.Offset == Offset;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StreamSequenceToken);

    /// <inheritdoc/>
    public override int GetHashCode() => Offset.GetHashCode();

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The other is of another provider.</exception>
    public override int CompareTo(StreamSequenceToken? other) => other switch
    {
        null => 1,
        KafkaSequenceToken token => Offset.CompareTo(token.Offset),
        _ => throw new ArgumentException($"a {nameof(KafkaSequenceToken)} cannot be compared with a {other.GetType().Name}", nameof(other)),
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Topic}[{Partition}]@{Offset}";
}
