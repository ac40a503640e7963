using System.Text.Json;
using Cinegrain.Model.Ports;

namespace Cinegrain.Model.Events;

/// <summary>Records of the log that cannot be read, as entries of the topic of rejected input.</summary>
public static class Rejections
{
    /// <summary>The entry for a record that no actor can take.</summary>
    /// <param name="problem">What is wrong with it, without ids.</param>
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
