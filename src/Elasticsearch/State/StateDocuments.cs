namespace Cinegrain.Elasticsearch;

/// <summary>Single documents of the small index, each written only over the one that was seen.</summary>
internal sealed class StateDocuments(ElasticsearchClient client, string index)
{
    /// <summary>A document; null when there is none.</summary>
    /// <exception cref="ElasticsearchException">It could not be asked for, or the index is gone.</exception>
    public async Task<MgetDocument?> GetAsync(string id, CancellationToken cancellationToken)
    {
        // By _mget, whose answer for a document that is not there is no error: an index that is gone must not look like that.
        var answer = await client.SendAsync(
            "load", HttpMethod.Post, $"{index}/_mget", $$"""{"ids":[{{JsonText.Quote(id)}}]}""", StateJson.Default.MgetResponse, cancellationToken);
        var document = answer.Docs[0];
        return document.Error is { } error
            ? throw ElasticsearchException.OfDocument(error.Type)
            : document.Found ? document : null;
    }

    /// <summary>Writes a document over the one that was seen, or where none was.</summary>
    /// <exception cref="ElasticsearchException">Another is there (<see cref="ElasticsearchFailure.Conflict"/>), or it could not be written.</exception>
    public Task<IndexResponse> PutAsync(
        string id, (long SequenceNumber, long PrimaryTerm)? over, string body, CancellationToken cancellationToken) => client.SendAsync(
            "document",
            HttpMethod.Put,
            $"{index}/_doc/{Uri.EscapeDataString(id)}?require_alias=true&"
            + (over is { } seen ? $"if_seq_no={seen.SequenceNumber}&if_primary_term={seen.PrimaryTerm}" : "op_type=create"),
            body,
            StateJson.Default.IndexResponse,
            cancellationToken);
}
