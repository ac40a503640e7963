using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cinegrain.Elasticsearch;

internal sealed record MgetResponse(IReadOnlyList<MgetDocument> Docs);

internal sealed record MgetDocument(
    [property: JsonPropertyName("found")] bool Found,
    [property: JsonPropertyName("_version")] long Version,
    [property: JsonPropertyName("_seq_no")] long SequenceNumber,
    [property: JsonPropertyName("_primary_term")] long PrimaryTerm,
    [property: JsonPropertyName("_source")] StateSource? Source,
    [property: JsonPropertyName("error")] MgetError? Error);

internal sealed record MgetError(string Type);

/// <summary>The fields of a document that are read back.</summary>
internal sealed record StateSource
{
    public string? User { get; init; }

    public string? Movie { get; init; }

    public string? Name { get; init; }

    public byte[]? State { get; init; }

    public long Offset { get; init; }

    public int Epoch { get; init; }

    public string? Writer { get; init; }

    public string? Log { get; init; }

    public string? Host { get; init; }

    public string? Process { get; init; }
}

internal sealed record IndexResponse(
    [property: JsonPropertyName("_seq_no")] long SequenceNumber,
    [property: JsonPropertyName("_primary_term")] long PrimaryTerm);

internal sealed record PitResponse(string Id);

internal sealed record SearchResponse([property: JsonPropertyName("pit_id")] string PitId, SearchHits Hits);

internal sealed record SearchHits(IReadOnlyList<SearchHit> Hits);

internal sealed record SearchHit(
    [property: JsonPropertyName("_version")] long Version,
    [property: JsonPropertyName("_source")] StateSource Source,
    JsonElement Sort);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MgetResponse))]
[JsonSerializable(typeof(MgetDocument))]
[JsonSerializable(typeof(IndexResponse))]
[JsonSerializable(typeof(PitResponse))]
[JsonSerializable(typeof(SearchResponse))]
internal sealed partial class StateJson : JsonSerializerContext;
