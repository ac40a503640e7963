using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>What became of one document of a bulk request that was not written.</summary>
/// <param name="Item">Its place in the request.</param>
internal readonly record struct BulkFailure(int Item, int Status, string Type)
{
    public ElasticsearchFailure Failure => ElasticsearchException.Classify(Status, Type);
}

/// <summary>Reads the answer to a bulk request: only what went wrong is of interest.</summary>
internal static class BulkResponse
{
    /// <summary>Leaves out of the answer what is not read.</summary>
    public const string FilterPath = "errors,items.*.status,items.*.error.type";

    /// <summary>The documents that were not written, in order.</summary>
    /// <exception cref="JsonException">The answer is not that of a bulk request.</exception>
    public static List<BulkFailure> Failures(ReadOnlySpan<byte> answer)
    {
        var failures = new List<BulkFailure>();
        var reader = new Utf8JsonReader(answer);
        var item = -1;
        var status = 0;
        var type = "";
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("errors"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.False)
                {
                    return failures;
                }
            }
            else if (reader.CurrentDepth == 2 && reader.TokenType == JsonTokenType.StartObject)
            {
                // { errors, items: [ { index: { status, error: { type } } } ] }
                item++;
                (status, type) = (0, "");
            }
            else if (reader.CurrentDepth == 4 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                status = reader.GetInt32();
            }
            else if (reader.CurrentDepth == 5 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.GetString() ?? "";
            }
            else if (reader.CurrentDepth == 2 && reader.TokenType == JsonTokenType.EndObject && status >= 300)
            {
                failures.Add(new BulkFailure(item, status, type));
            }
        }

        return failures;
    }
}
