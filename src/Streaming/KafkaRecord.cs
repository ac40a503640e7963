using System.Text;

namespace Cinegrain.Streaming;

/// <summary>A record of a topic as an event of its stream: what a grain gets unless the provider has a data adapter of its own.</summary>
[GenerateSerializer, Immutable, Alias("Cinegrain.Streaming.KafkaRecord")]
public sealed class KafkaRecord
{
    /// <summary>The topic.</summary>
    [Id(0)]
    public required string Topic { get; init; }

    /// <summary>Partition of the topic, from 0.</summary>
    [Id(1)]
    public required int Partition { get; init; }

    /// <summary>Place in the partition. The offsets of a stream rise, with gaps.</summary>
    [Id(2)]
    public required long Offset { get; init; }

    /// <summary>
    /// Offset of the record before this one in the same stream, when it lies at or above the partition's checkpoint as of the delivery; else -1, and then
    /// all that came before is persisted. A grain that has not seen that offset has missed something: it deactivates and throws, so that its next activation resumes
    /// at its own position.
    /// </summary>
    [Id(3)]
    public required long PreviousOffset { get; init; }

    /// <summary>Offset of the partition's last checkpoint, as known when the record was read: everything below it is persisted.</summary>
    [Id(4)]
    public required long Checkpoint { get; init; }

    /// <summary>Generation of the stored position that the reading began from (<see cref="KafkaPosition.Generation"/>).</summary>
    [Id(5)]
    public required int Generation { get; init; }

    /// <summary>The record's value; null for a tombstone.</summary>
    [Id(6)]
    public required byte[]? Value { get; init; }

    /// <summary>Timestamp of the record, milliseconds since 1970-01-01 UTC: of its arrival at the broker or its creation, as the topic is set up.</summary>
    [Id(7)]
    public required long ArrivedMs { get; init; }

    /// <summary>The header <c>traceparent</c> (W3C Trace Context), or null.</summary>
    [Id(8)]
    public string? TraceParent { get; init; }

    /// <summary>The event of a record that was read.</summary>
    /// <param name="source">What was read.</param>
    /// <param name="previousOffset">See <see cref="PreviousOffset"/>.</param>
    public static KafkaRecord Of(in KafkaSourceRecord source, long previousOffset) => new()
    {
        Topic = source.Topic,
        Partition = source.Partition,
        Offset = source.Offset,
        PreviousOffset = previousOffset,
        Checkpoint = source.Checkpoint,
        Generation = source.Generation,
        Value = source.Value,
        ArrivedMs = source.ArrivedMs,
        TraceParent = source.Headers is { } headers && headers.TryGetLastBytes("traceparent", out var trace) ? Encoding.ASCII.GetString(trace) : null,
    };

    /// <summary>The same record when the one before it is persisted.</summary>
    internal KafkaRecord WithoutPrevious() => new()
    {
        Topic = Topic,
        Partition = Partition,
        Offset = Offset,
        PreviousOffset = -1,
        Checkpoint = Checkpoint,
        Generation = Generation,
        Value = Value,
        ArrivedMs = ArrivedMs,
        TraceParent = TraceParent,
    };
}
