using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cinegrain.Model.Events;

/// <summary>
/// Source-generated JSON of everything that stands in a log: unknown fields are ignored, missing required fields are refused
/// with a <see cref="JsonException"/>.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowOutOfOrderMetadataProperties = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(UserRecord))]
[JsonSerializable(typeof(MovieRecord))]
[JsonSerializable(typeof(MovieMetadata))]
[JsonSerializable(typeof(RejectedInput))]
public sealed partial class WireFormat : JsonSerializerContext;
