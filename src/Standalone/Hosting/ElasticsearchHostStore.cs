using Cinegrain.Api;
using Cinegrain.Elasticsearch;
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
        _client = new ElasticsearchClient(Settings(options), time);
        _states = new ElasticsearchStateStore(_client, logger, options.Documents == "none" ? null : index);
        _audit = new AuditDocuments(_client);
        Audit = new Sink(_audit);
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

    private static ElasticsearchOptions Settings(StandaloneOptions options)
    {
        try
        {
            return new ElasticsearchOptions
            {
                Nodes = [.. options.ElasticsearchUrls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Select(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri : new Uri(url, UriKind.Relative))],
                ApiKey = Secrets.Read(options.ElasticsearchApiKey, options.ElasticsearchApiKeyFile, nameof(options.ElasticsearchApiKeyFile)),
                User = options.ElasticsearchUser,
                Password = Secrets.Read(options.ElasticsearchPassword, options.ElasticsearchPasswordFile, nameof(options.ElasticsearchPasswordFile)),
                CertificateFingerprint = options.ElasticsearchFingerprint,
                Prefix = options.ElasticsearchPrefix,
                Compress = options.ElasticsearchCompress,
            }.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new SettingsException([exception.Message]);
        }
    }

    private sealed class Sink(AuditDocuments documents) : IAuditSink
    {
        public async ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken) =>
            await documents.AppendAsync(entry.At, entry.Who, $"{entry.Action}", AuditTrail.Subject(entry.User), cancellationToken);
    }
}
