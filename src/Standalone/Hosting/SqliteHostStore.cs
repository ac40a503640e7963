using Cinegrain.Api;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Everything in one file of the data folder.</summary>
internal sealed class SqliteHostStore(SqliteStateStore store) : IHostStore
{
    public IStateStore States => store;

    public IAuditSink Audit { get; } = new AuditTrail(store.AppendAuditAsync);

    public Task TrimAsync(StandaloneRetention retention, DateTimeOffset now, CancellationToken cancellationToken) =>
        store.TrimAuditAsync(now - retention.Audit, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
