using System.Collections.Concurrent;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Hosting;

/// <summary>Counts refused input by reason. Safe for many threads.</summary>
public sealed class RejectedCounts
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Reasons, the most frequent first.</summary>
    public IEnumerable<(string Reason, long Count)> ByReason() =>
        _counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value));

    /// <summary>Counts a record of <see cref="Topics.Rejected"/>.</summary>
    public void Take(LogRecord record) => _counts.AddOrUpdate(ReasonOf(record), 1, static (_, count) => count + 1);

    private static string ReasonOf(LogRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.RejectedInput)?.Reason ?? "unreadable-record";
        }
        catch (JsonException)
        {
            return "unreadable-record";
        }
    }
}
