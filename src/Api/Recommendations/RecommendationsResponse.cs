using Cinegrain.Model.Ranking;

namespace Cinegrain.Api.Recommendations;

/// <summary>A user's list. Served by <see cref="RenderedLists"/>, which writes the same JSON by hand.</summary>
internal sealed record RecommendationsResponse
{
    /// <summary>The user's id, as the caller sent it.</summary>
    public required string User { get; init; }

    /// <summary>How far the user's log is in the list; the form that <c>after</c> takes.</summary>
    public required string ModelPosition { get; init; }

    /// <summary>Best first.</summary>
    public required IReadOnlyList<RecommendedMovie> Items { get; init; }
}

/// <summary>One movie of a list.</summary>
internal sealed record RecommendedMovie
{
    /// <summary>Catalogue id.</summary>
    public required string Movie { get; init; }

    /// <summary>Title, without the year.</summary>
    public required string Title { get; init; }

    /// <summary>Orders the movies of this list; has no unit.</summary>
    public required double Score { get; init; }

    /// <summary>Why it is on the list, strongest first; empty unless <c>explain</c> is true.</summary>
    public required IReadOnlyList<Reason> Reasons { get; init; }
}
