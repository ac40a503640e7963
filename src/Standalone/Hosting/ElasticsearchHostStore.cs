using Cinegrain.Api;
using Cinegrain.Elasticsearch;
using Cinegrain.Hosting;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>States, audit trail and analysts' documents in Elasticsearch.</summary>
internal sealed class ElasticsearchHostStore : IHostStore
{
    private readonly ElasticsearchClient _client;
    private readonly ElasticsearchStateStore _states;
    private readonly AuditDocuments _audit;

    /// <exception cref="SettingsException">A setting of Elasticsearch cannot be.</exception>
    public ElasticsearchHostStore(StandaloneOptions options, MovieIndex index, TimeProvider time, ILogger<ElasticsearchStateStore> logger)
    {
        _client = new ElasticsearchClient(ElasticsearchSettings.Of(options), time);
        _states = new ElasticsearchStateStore(_client, logger, options.Documents == "none" ? null : index);
        _audit = new AuditDocuments(_client);
        Audit = new ElasticsearchAudit(_audit);
    }

    public ElasticsearchClient Client => _client;

    public IStateStore States => _states;

    public IAuditSink Audit { get; }

    public Task TrimAsync(StandaloneRetention retention, DateTimeOffset now, CancellationToken cancellationToken) =>
        _audit.TrimAsync(now - retention.Audit, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _states.DisposeAsync();
        _client.Dispose();
    }
}
