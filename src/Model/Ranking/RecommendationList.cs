using System.Text.Json.Serialization;

namespace Cinegrain.Model.Ranking;

/// <summary>Why a movie is on a list.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReasonKind>))]
public enum ReasonKind
{
    /// <summary>People who took a movie of the user's history took this one near it.</summary>
    [JsonStringEnumMemberName("because-you-watched")] BecauseYouWatched,

    /// <summary>Much taken now.</summary>
    [JsonStringEnumMemberName("popular-now")] PopularNow,

    /// <summary>Its genres are those the user takes.</summary>
    [JsonStringEnumMemberName("matches-taste")] MatchesTaste,

    /// <summary>Of the years that the user takes.</summary>
    [JsonStringEnumMemberName("era")] Era,

    /// <summary>New in the catalogue.</summary>
    [JsonStringEnumMemberName("new")] New,

    /// <summary>Shown to learn about it.</summary>
    [JsonStringEnumMemberName("exploring")] Exploring,
}

/// <summary>One reason.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Movie">The movie of the user's history that it speaks of, if any.</param>
/// <param name="Share">Its share of what lifts the movie over an average candidate, 0 to 1; the shares of a movie sum to 1.</param>
/// <param name="Text">The reason as a sentence.</param>
public sealed record Reason(ReasonKind Kind, string? Movie, double Share, string Text);

/// <summary>One movie of a list.</summary>
public sealed record Recommendation(string Movie, string Title, double Score, IReadOnlyList<Reason>? Reasons);

/// <summary>A ranked list, and what it was made from. Immutable: the same instance is handed out until something changes.</summary>
/// <param name="Position">Records below it of the user's log are in the list: the user's version.</param>
/// <param name="ViewVersion">Version of the catalogue view of this process; only equality means something.</param>
/// <param name="Items">Best first.</param>
public sealed record RecommendationList(long Position, long ViewVersion, IReadOnlyList<Recommendation> Items);
