using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>Records of the log that cannot be read, as entries of the topic of rejected input.</summary>
internal static class Rejections
{
    public static LogEntry Unreadable(string topic, int partition, LogRecord record, string problem, DateTimeOffset now)
    {
        var source = $"{topic}/{partition}";
        var rejected = new RejectedInput
        {
            Source = source,
            Reason = "unreadable-record",
            Detail = problem,
            Line = record.Offset,
            At = now,
        };
        return new LogEntry(Topics.Rejected, source, JsonSerializer.SerializeToUtf8Bytes(rejected, WireFormat.Default.RejectedInput));
    }
}
