using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Api;
using Cinegrain.Embedded.Sqlite;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Keeps the audit trail in the store. A user stands in it under a hash, since the trail outlives an erasure.</summary>
internal sealed partial class AuditTrail(SqliteStateStore store) : IAuditSink
{
    public async ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken)
    {
        var subject = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry.User)));
        var json = JsonSerializer.Serialize(new Entry(entry.At, entry.Who, $"{entry.Action}", subject), AuditJson.Default.Entry);
        await store.AppendAuditAsync(json, entry.At, cancellationToken);
    }

    internal sealed record Entry(DateTimeOffset At, string Who, string Action, string Subject);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Entry))]
    private sealed partial class AuditJson : JsonSerializerContext;
}
