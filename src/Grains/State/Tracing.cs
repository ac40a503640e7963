using System.Diagnostics;
using Cinegrain.Streaming;

namespace Cinegrain.Grains.State;

/// <summary>
/// One trace from the request that brings an interaction to what its user and its movie learn of it: it travels in the records' headers. A record without
/// one costs nothing.
/// </summary>
internal static class Tracing
{
    private static readonly ActivitySource Source = new("Cinegrain.Grains");

    /// <summary>Goes on with a record's trace; null when it has none, or when nobody listens.</summary>
    public static Activity? Continue(string name, KafkaRecord record)
    {
        if (record.TraceParent is not { } trace || !ActivityContext.TryParse(trace, null, isRemote: true, out var parent))
        {
            return null;
        }

        var span = Source.StartActivity(name, ActivityKind.Consumer, parent);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("messaging.system", "kafka");
            span.SetTag("messaging.destination.name", record.Topic);
            span.SetTag("messaging.destination.partition.id", record.Partition);
            span.SetTag("messaging.kafka.offset", record.Offset);
        }

        return span;
    }

    /// <summary>A part of the call's trace; null when the call has none.</summary>
    /// <param name="cause">A trace that what is done now goes back to, or null.</param>
    public static Activity? Begin(string name, string? cause) => Activity.Current is null
        ? null
        : Source.StartActivity(
            name,
            ActivityKind.Internal,
            default(ActivityContext),
            links: ActivityContext.TryParse(cause, null, isRemote: true, out var linked) ? [new ActivityLink(linked)] : null);
}
