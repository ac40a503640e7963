using System.Text;

namespace Cinegrain.Elasticsearch;

/// <summary>The audit trail, an index a month.</summary>
public sealed class AuditDocuments(ElasticsearchClient client)
{
    private readonly TimeSeries _series = new(client, "audit", isMonthly: true);
    private readonly Lock _gate = new();

    /// <summary>Adds an entry; completes when Elasticsearch has it.</summary>
    /// <param name="at">When it happened.</param>
    /// <param name="who">Who did it.</param>
    /// <param name="action">What was done, such as <c>Erased</c>.</param>
    /// <param name="subject">Whom it concerns. The entry outlives an erasure: a hash, not the pseudonym.</param>
    /// <exception cref="Model.Ports.UnavailableException">It cannot be written now.</exception>
    public async Task AppendAsync(DateTimeOffset at, string who, string action, string subject, CancellationToken cancellationToken)
    {
        string index;
        lock (_gate)
        {
            index = _series.IndexOf(at);
        }

        var body = $$"""
            {"@timestamp":{{at.ToUnixTimeMilliseconds()}},"who":{{JsonText.Quote(who)}},"action":{{JsonText.Quote(action)}},"subject":{{JsonText.Quote(subject)}}}
            """;
        try
        {
            await _series.EnsureAsync(cancellationToken);

            // The id is ours, so an attempt whose answer was lost adds no second entry.
            await client.SendAsync("document", HttpMethod.Put, $"{index}/_doc/{Guid.NewGuid():N}", Encoding.UTF8.GetBytes(body), cancellationToken);
        }
        catch (ElasticsearchException exception)
        {
            throw exception.ForCaller();
        }
    }

    /// <summary>Deletes the months that are wholly before a time.</summary>
    /// <exception cref="Model.Ports.UnavailableException">Not now.</exception>
    public async Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            await _series.TrimAsync(before, cancellationToken);
        }
        catch (ElasticsearchException exception)
        {
            throw exception.ForCaller();
        }
    }
}
