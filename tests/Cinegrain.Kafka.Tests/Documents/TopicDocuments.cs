using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests.Documents;

/// <summary>The JSON Schemas of the values and the AsyncAPI document of the topics, made from what writes and reads them.</summary>
internal static class TopicDocuments
{
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Topic, string Name, string Key, string Summary)[] Described =
    [
        (Topics.Interactions, "interactions", "pseudonym of the user", "What a user did, enriched; consent and erasure of that user."),
        (Topics.Signals, "signals", "id of the movie", "One interaction seen from its movie, without the user; changes of the movie's catalogue entry."),
        (Topics.Movies, "movies", "id of the movie", "Catalogue entry. No value withdraws the movie."),
        (Topics.Rejected, "rejected", "source of the input", "Input that the quality gate refused, or a record that cannot be read, with the reason."),
        (Topics.Intake, "intake", "any", "Raw interactions of other programs, before the quality gate. The one topic that others may write to."),
        (Topics.Erasures, "erasures", "SHA-256 of the pseudonym, in hex", "Users whose interactions every reader passes over below an offset. No value: none are left."),
    ];

    /// <summary>Files below <c>docs</c> that are made here, with their texts.</summary>
    public static IReadOnlyDictionary<string, string> Files()
    {
        var files = new Dictionary<string, string> { ["asyncapi.json"] = Text(AsyncApi()) };
        foreach (var (name, schema) in Schemas())
        {
            files[$"schemas/{name}.schema.json"] = Text(schema);
        }

        return files;
    }

    /// <summary>The schema of a topic's values.</summary>
    public static IReadOnlyDictionary<string, JsonObject> Schemas() => new Dictionary<string, JsonObject>
    {
        ["interactions"] = Schema(WireFormat.Default.UserRecord, "A record of cinegrain.interactions"),
        ["signals"] = Schema(WireFormat.Default.MovieRecord, "A record of cinegrain.signals"),
        ["movies"] = Schema(WireFormat.Default.MovieMetadata, "A record of cinegrain.movies"),
        ["rejected"] = Schema(WireFormat.Default.RejectedInput, "A record of cinegrain.rejected"),
    };

    private static JsonObject Schema(JsonTypeInfo type, string title)
    {
        var exported = (JsonObject)type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        var schema = new JsonObject { ["$schema"] = Dialect, ["title"] = title };
        foreach (var (name, value) in exported.ToList())
        {
            exported.Remove(name);
            schema[name] = value;
        }

        return schema;
    }

    private static JsonObject AsyncApi()
    {
        var channels = new JsonObject();
        var operations = new JsonObject();
        foreach (var (topic, name, key, summary) in Described)
        {
            var settings = new JsonObject();
            if (KafkaLogOptions.DefaultRetention.TryGetValue(topic, out var retention))
            {
                settings["cleanup.policy"] = new JsonArray("delete");
                settings["retention.ms"] = (long)retention.TotalMilliseconds;
            }
            else
            {
                settings["cleanup.policy"] = new JsonArray("compact");
            }

            channels[name] = new JsonObject
            {
                ["address"] = topic,
                ["description"] = summary,
                ["messages"] = new JsonObject
                {
                    [name] = new JsonObject
                    {
                        ["contentType"] = "application/json",
                        ["payload"] = new JsonObject { ["$ref"] = $"schemas/{name}.schema.json" },
                        ["headers"] = new JsonObject
                        {
                            ["type"] = "object",
                            ["properties"] = new JsonObject
                            {
                                ["schema"] = new JsonObject { ["type"] = "string", ["description"] = "Version of the schema of the value, as its field v." },
                                ["traceparent"] = new JsonObject { ["type"] = "string", ["description"] = "W3C trace context of the request, when it is traced." },
                            },
                        },
                        ["bindings"] = new JsonObject
                        {
                            ["kafka"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "string", ["description"] = key } },
                        },
                    },
                },
                ["bindings"] = new JsonObject
                {
                    ["kafka"] = new JsonObject { ["partitions"] = KafkaLogOptions.DefaultPartitions[topic], ["topicConfiguration"] = settings },
                },
            };
            var action = topic == Topics.Intake ? "receive" : "send";
            operations[$"{action}-{name}"] = new JsonObject
            {
                ["action"] = action,
                ["channel"] = new JsonObject { ["$ref"] = $"#/channels/{name}" },
            };
        }

        return new JsonObject
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Cinegrain on Kafka",
                ["version"] = "1",
                ["description"] = "Topics of a host with --log kafka. A prefix (--kafka-prefix) stands before each address. Partition counts and retention are the "
                    + "defaults. The partition of a key is FNV-1a (32 bit) of its UTF-8 bytes modulo the number of partitions.",
                ["license"] = new JsonObject { ["name"] = "Apache-2.0" },
            },
            ["defaultContentType"] = "application/json",
            ["channels"] = channels,
            ["operations"] = operations,
        };
    }

    private static string Text(JsonNode node) => node.ToJsonString(Readable) + "\n";
}
