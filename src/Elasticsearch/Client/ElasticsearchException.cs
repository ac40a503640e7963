using Cinegrain.Model.Ports;

namespace Cinegrain.Elasticsearch;

/// <summary>Why Elasticsearch did not do what it was asked.</summary>
public enum ElasticsearchFailure
{
    /// <summary>No node answered in time, or a node said 502, 503 or 504. Worth another attempt.</summary>
    Unavailable,

    /// <summary>429: it has too much to do. Worth another attempt, later.</summary>
    Throttled,

    /// <summary>The index takes no writes, by its settings or since the disk is nearly full. An operator has to act.</summary>
    ReadOnly,

    /// <summary>401 or 403: credentials or privileges are missing. An operator has to act.</summary>
    Denied,

    /// <summary>400: the document does not fit the mapping. No attempt mends it.</summary>
    Mapping,

    /// <summary>413: the request is larger than the node takes.</summary>
    TooLarge,

    /// <summary>409: another version is there.</summary>
    Conflict,

    /// <summary>404: no such index or document.</summary>
    Missing,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>Elasticsearch refused a request. The message has neither ids nor bodies nor credentials.</summary>
public sealed class ElasticsearchException : Exception
{
    /// <param name="failure">Why.</param>
    /// <param name="message">A sentence that says what to do.</param>
    /// <param name="type">Elasticsearch's name of the error, such as <c>cluster_block_exception</c>.</param>
    public ElasticsearchException(ElasticsearchFailure failure, string message, string? type = null, Exception? inner = null)
        : base(message, inner) => (Failure, Type) = (failure, type);

    /// <summary>Why it was refused.</summary>
    public ElasticsearchFailure Failure { get; }

    /// <summary>Elasticsearch's name of the error, if it gave one.</summary>
    public string? Type { get; }

    /// <summary>True when the same request may succeed later without anybody changing it.</summary>
    public bool IsPassing => Failure is ElasticsearchFailure.Unavailable or ElasticsearchFailure.Throttled;

    /// <summary>The exception for an answer of Elasticsearch.</summary>
    internal static ElasticsearchException Of(int status, string? type)
    {
        var failure = Classify(status, type);
        return new ElasticsearchException(failure, Describe(failure, type is null ? $"{status}" : $"{status} {type}"), type);
    }

    /// <summary>The exception for a document that could not be read: its index is gone, or a shard of it is not there yet.</summary>
    internal static ElasticsearchException OfDocument(string type) => Of(503, type);

    /// <summary>
    /// What callers of the ports are told: what passes, or what an operator mends while the process goes on answering from memory, is
    /// <see cref="UnavailableException"/>. At the start denied access is not: the settings may be wrong.
    /// </summary>
    internal Exception ForCaller(bool isStart = false) => Failure switch
    {
        ElasticsearchFailure.Unavailable or ElasticsearchFailure.Throttled => new UnavailableException(Message, TimeSpan.FromSeconds(1), this),
        ElasticsearchFailure.ReadOnly => new UnavailableException(Message, TimeSpan.FromSeconds(5), this),
        ElasticsearchFailure.Denied when !isStart => new UnavailableException(Message, TimeSpan.FromSeconds(5), this),
        _ => this,
    };

    /// <summary>Tells failures apart by status and error type: a block of the index comes with 403 or, when the disk is full, 429.</summary>
    internal static ElasticsearchFailure Classify(int status, string? type) => type switch
    {
        "cluster_block_exception" when status is 403 or 429 => ElasticsearchFailure.ReadOnly,
        "mapper_parsing_exception" or "document_parsing_exception" or "strict_dynamic_mapping_exception" => ElasticsearchFailure.Mapping,
        "index_not_found_exception" => ElasticsearchFailure.Missing,
        _ => status switch
        {
            401 or 403 => ElasticsearchFailure.Denied,
            404 => ElasticsearchFailure.Missing,
            409 => ElasticsearchFailure.Conflict,
            413 => ElasticsearchFailure.TooLarge,
            429 => ElasticsearchFailure.Throttled,
            502 or 503 or 504 => ElasticsearchFailure.Unavailable,
            400 => ElasticsearchFailure.Mapping,
            _ => ElasticsearchFailure.Other,
        },
    };

    /// <summary>What happened and what to do, in a sentence.</summary>
    private static string Describe(ElasticsearchFailure failure, string type) => failure switch
    {
        ElasticsearchFailure.Unavailable => $"Elasticsearch cannot answer now ({type})",
        ElasticsearchFailure.Throttled => $"Elasticsearch has too much to do ({type})",
        ElasticsearchFailure.ReadOnly =>
            $"an index takes no writes ({type}): free disk space on the Elasticsearch nodes, or remove the index's block (index.blocks.*)",
        ElasticsearchFailure.Denied =>
            $"Elasticsearch denies access ({type}): check the API key, or user and password, and that its role may manage and write the indices",
        ElasticsearchFailure.Mapping => $"Elasticsearch does not take the document ({type}): an index has another mapping than this version writes",
        ElasticsearchFailure.TooLarge => $"a request is larger than Elasticsearch takes ({type}): raise http.max_content_length there",
        ElasticsearchFailure.Conflict => $"Elasticsearch has another version of the document ({type})",
        ElasticsearchFailure.Missing =>
            $"an index is gone ({type}): start again to rebuild it from the log, or restore it from a snapshot",
        _ => $"Elasticsearch refused a request ({type})",
    };
}
