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

    /// <summary>Rated above the average.</summary>
    [JsonStringEnumMemberName("well-rated")] WellRated,

    /// <summary>Taken by people who have watched about as much, or as well known and as old as what the user takes.</summary>
    [JsonStringEnumMemberName("fits-you")] FitsYou,

    /// <summary>What is too small to be told, together.</summary>
    [JsonStringEnumMemberName("other")] Other,

    /// <summary>Everything that counts against it, together.</summary>
    [JsonStringEnumMemberName("against")] Against,
}

/// <summary>One reason.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Movie">The movie of the user's history that it speaks of, if any.</param>
/// <param name="Share">Its share of what speaks for the movie against an average candidate, 0 to 1; the shares of a movie sum to 1.</param>
/// <param name="Contribution">
/// What it adds to the score; below 0 for what counts against the movie. The contributions of a movie sum to its score less that of an average candidate
/// (one with the mean features of all candidates).
/// </param>
/// <param name="Text">The reason as a sentence.</param>
public sealed record Reason(ReasonKind Kind, string? Movie, double Share, double Contribution, string Text);

/// <summary>One movie of a list.</summary>
public sealed record Recommendation(string Movie, string Title, double Score, IReadOnlyList<Reason>? Reasons);

/// <summary>A ranked list, and what it was made from. Immutable: the same instance is handed out until something changes.</summary>
/// <param name="Position">Records below it of the user's log are in the list: the user's version.</param>
/// <param name="ViewVersion">Version of the catalogue view of this process; only equality means something.</param>
/// <param name="Items">Best first.</param>
public sealed record RecommendationList(long Position, long ViewVersion, IReadOnlyList<Recommendation> Items);
