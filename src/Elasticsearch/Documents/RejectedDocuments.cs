using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>A document for each refused input, among the metrics: when and why, without user and without content.</summary>
public sealed class RejectedDocuments(ElasticsearchClient client, ILog log, IStateStore store, ILogger<RejectedDocuments> logger)
    : LogDocuments(client, log, store, Topics.Rejected, "metrics", logger)
{
    private protected override bool Add(int partition, LogRecord record, BulkBatch batch)
    {
        string reason;
        try
        {
            reason = JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.RejectedInput)?.Reason ?? "unreadable-record";
        }
        catch (JsonException)
        {
            reason = "unreadable-record";
        }

        var json = batch.Begin(Series.IndexOf(DateTimeOffset.FromUnixTimeMilliseconds(record.ArrivedMs)), $"rejected/{partition}/{record.Offset}");
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, record.ArrivedMs);
        json.WriteString("measure"u8, "rejected"u8);
        json.WriteString("reason"u8, reason);
        json.WriteNumber("count"u8, 1);
        json.WriteEndObject();
        batch.End();
        return false;
    }
}
