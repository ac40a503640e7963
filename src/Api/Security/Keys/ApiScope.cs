using System.Text.Json.Serialization;

namespace Cinegrain.Api.Security;

/// <summary>What a key may do; each scope includes the ones before it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ApiScope>))]
public enum ApiScope
{
    /// <summary>Recommendations and their stream, movies, similar, trending, popular, dashboard, metrics.</summary>
    [JsonStringEnumMemberName("read")] Read,

    /// <summary>Also: send interactions, change the catalogue, set consent.</summary>
    [JsonStringEnumMemberName("write")] Write,

    /// <summary>Also: profile, export and erasure of users.</summary>
    [JsonStringEnumMemberName("admin")] Admin,
}
