using System.Text.Json.Serialization;

namespace Cinegrain.Model.Events;

/// <summary>What a user did with a movie.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InteractionKind>))]
public enum InteractionKind : byte
{
    /// <summary>A rating; its value is 0.5 to 5 stars.</summary>
    [JsonStringEnumMemberName("rate")] Rate,

    /// <summary>Watched; its value is the fraction watched, 0 to 1.</summary>
    [JsonStringEnumMemberName("watch")] Watch,

    /// <summary>A thumb up; no value.</summary>
    [JsonStringEnumMemberName("like")] Like,

    /// <summary>A thumb down; no value. The movie is never recommended to this user again.</summary>
    [JsonStringEnumMemberName("dislike")] Dislike,

    /// <summary>Opened the movie's page; no value. Does not count as seen.</summary>
    [JsonStringEnumMemberName("click")] Click,

    /// <summary>Was shown the movie and passed it over; no value.</summary>
    [JsonStringEnumMemberName("skip")] Skip,

    /// <summary>Put on the list of movies to watch; no value.</summary>
    [JsonStringEnumMemberName("watchlist")] Watchlist,
}
