using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cinegrain.Kafka.Tests.Documents;

/// <summary>As much of JSON Schema as the schemas of the topics use.</summary>
internal static class SchemaCheck
{
    /// <summary>What is wrong with a value, or null. A keyword that is not known here is a fault of the check.</summary>
    public static string? Problem(JsonNode schema, JsonNode? value, JsonNode? root = null, string path = "$")
    {
        root ??= schema;
        if (schema is JsonValue always)
        {
            return always.GetValue<bool>() ? null : $"{path} must not be";
        }

        foreach (var (keyword, rule) in schema.AsObject())
        {
            var problem = keyword switch
            {
                "$schema" or "title" or "description" or "format" or "default" or "$comment" => null,
                "$ref" => Problem(Resolve(root, (string)rule!), value, root, path),
                "type" => Types(rule!).Any(type => IsOf(type, value)) ? null : $"{path} is not {rule}",
                "const" => JsonNode.DeepEquals(rule, value) ? null : $"{path} is not {rule}",
                "enum" => rule!.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, value)) ? null : $"{path} is none of {rule}",
                "required" => value is JsonObject required
                    ? rule!.AsArray().Select(name => (string)name!).Where(name => !required.ContainsKey(name)).Select(name => $"{path}.{name} is missing").FirstOrDefault()
                    : null,
                "properties" => value is JsonObject properties
                    ? rule!.AsObject().Where(property => properties.ContainsKey(property.Key))
                        .Select(property => Problem(property.Value!, properties[property.Key], root, $"{path}.{property.Key}")).FirstOrDefault(found => found is not null)
                    : null,
                "additionalProperties" => value is JsonObject all
                    ? all.Where(property => schema["properties"]?.AsObject().ContainsKey(property.Key) != true)
                        .Select(property => Problem(rule!, property.Value, root, $"{path}.{property.Key}")).FirstOrDefault(found => found is not null)
                    : null,
                "items" => value is JsonArray items
                    ? items.Select((item, i) => Problem(rule!, item, root, $"{path}[{i}]")).FirstOrDefault(found => found is not null)
                    : null,
                "anyOf" => rule!.AsArray().Any(choice => Problem(choice!, value, root, path) is null) ? null : $"{path} is none of the choices",
                "minLength" or "maxLength" or "minimum" or "maximum" or "pattern" => null,
                _ => throw new NotSupportedException($"{keyword} of JSON Schema is not checked here yet"),
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    private static IEnumerable<string> Types(JsonNode rule) => rule is JsonArray several ? several.Select(type => (string)type!) : [(string)rule!];

    private static bool IsOf(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == JsonValueKind.String,
        "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "number" => value?.GetValueKind() == JsonValueKind.Number,
        "integer" => value?.GetValueKind() == JsonValueKind.Number && value.GetValue<JsonElement>().TryGetInt64(out _),
        _ => throw new NotSupportedException($"type {type} is not known"),
    };

    private static JsonNode Resolve(JsonNode root, string reference) =>
        reference.Split('/', StringSplitOptions.RemoveEmptyEntries).Skip(1).Aggregate(root, (node, part) => node is JsonArray array ? array[int.Parse(part)]! : node[part]!);
}
