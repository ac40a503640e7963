using System.Text.Json;
using Cinegrain.Elasticsearch;

namespace Cinegrain.Kibana;

/// <summary>Types of the fields of our indices, as Kibana names them.</summary>
internal sealed class Mappings
{
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    /// <param name="view">Such as <c>interactions</c>.</param>
    public Mappings(string view)
    {
        using var template = JsonDocument.Parse(IndexTemplate.Load(view, "cinegrain").Json);
        foreach (var field in template.RootElement.GetProperty("template").GetProperty("mappings").GetProperty("properties").EnumerateObject())
        {
            _types[field.Name] = field.Value.GetProperty("type").GetString()!;
            if (field.Value.TryGetProperty("fields", out var fields))
            {
                foreach (var sub in fields.EnumerateObject())
                {
                    _types[$"{field.Name}.{sub.Name}"] = sub.Value.GetProperty("type").GetString()!;
                }
            }
        }
    }

    public bool Has(string field) => _types.ContainsKey(field);

    /// <summary>Kibana's type of a field that can be aggregated.</summary>
    /// <exception cref="InvalidDataException">There is no such field, or it cannot be aggregated.</exception>
    public string TypeOf(string field) => _types.GetValueOrDefault(field) switch
    {
        "keyword" => "string",
        "date" => "date",
        "boolean" => "boolean",
        "integer" or "long" or "float" or "double" => "number",
        null => throw new InvalidDataException($"there is no field {field}"),
        var other => throw new InvalidDataException($"the field {field} is {other}, which cannot be aggregated"),
    };
}
