using System.Security.Cryptography;
using System.Text;
using Cinegrain.Api;
using Cinegrain.Elasticsearch;

namespace Cinegrain.Hosting;

/// <summary>Elasticsearch as the settings have it.</summary>
public static class ElasticsearchSettings
{
    /// <summary>How it is reached.</summary>
    /// <param name="sharedBy">Name of the cluster whose processes share the indices, or null.</param>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    public static ElasticsearchOptions Of(ServerOptions options, string? sharedBy = null)
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
                SharedBy = sharedBy,
            }.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new SettingsException([exception.Message]);
        }
    }
}

/// <summary>The audit trail in Elasticsearch.</summary>
public sealed class ElasticsearchAudit(AuditDocuments documents) : IAuditSink
{
    /// <inheritdoc/>
    public async ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken) =>
        await documents.AppendAsync(entry.At, entry.Who, $"{entry.Action}", Subject(entry.User), cancellationToken);

    /// <summary>The hash that a user stands under: the trail outlives an erasure.</summary>
    public static string Subject(string user) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)));
}
