using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Api;
using Cinegrain.Hosting;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Keeps the audit trail in the SQLite store. A user stands in it under a hash, since the trail outlives an erasure.</summary>
/// <param name="append">Adds an entry; completes when it is durable.</param>
internal sealed partial class AuditTrail(Func<string, DateTimeOffset, CancellationToken, Task> append) : IAuditSink
{
    public async ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.Serialize(new Entry(entry.At, entry.Who, $"{entry.Action}", ElasticsearchAudit.Subject(entry.User)), AuditJson.Default.Entry);
        await append(json, entry.At, cancellationToken);
    }

    internal sealed record Entry(DateTimeOffset At, string Who, string Action, string Subject);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Entry))]
    private sealed partial class AuditJson : JsonSerializerContext;
}
