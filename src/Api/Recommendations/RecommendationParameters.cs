using Cinegrain.Api.Requests;
using Cinegrain.Model.Ranking;
using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Recommendations;

/// <summary>The query of recommendations.</summary>
internal static class RecommendationParameters
{
    public static readonly RecommendationQuery Default = new();

    public static readonly QueryParameter Count = new(
        "n", QueryParameterKind.Integer, "How many movies.", Minimum: 1, Maximum: 100, Default: "10", Example: "5");

    public static readonly QueryParameter Genres = new(
        "genres", QueryParameterKind.List, "Only movies with one of these genres, in any case.", Maximum: 64, MaximumCount: 50, Example: "Comedy,Drama");

    public static readonly QueryParameter YearFrom = new(
        "yearFrom", QueryParameterKind.Integer, "Only movies of this year or later.", Minimum: 1800, Maximum: 2200, Example: "1980");

    public static readonly QueryParameter YearTo = new(
        "yearTo", QueryParameterKind.Integer, "Only movies of this year or earlier.", Minimum: 1800, Maximum: 2200, Example: "1999");

    public static readonly QueryParameter Languages = new(
        "languages", QueryParameterKind.List, "Only movies in one of these original languages (ISO 639-1).", Maximum: 8, MaximumCount: 50, Example: "en,fr");

    public static readonly QueryParameter MinVotes = new(
        "minVotes", QueryParameterKind.Integer, "Only movies with at least this many interactions.", Minimum: 0, Maximum: int.MaxValue, Default: "0", Example: "10");

    public static readonly QueryParameter Exclude = new(
        "exclude", QueryParameterKind.List, "Ids of movies to leave out.", Maximum: RouteIds.MaximumLength, MaximumCount: 1000, Example: "318,296");

    public static readonly QueryParameter IncludeSeen = new(
        "includeSeen", QueryParameterKind.Boolean, "Rank movies that the user has seen, too. What the user disliked stays out.", Default: "false", Example: "true");

    public static readonly QueryParameter Diversity = new(
        "diversity", QueryParameterKind.Number, "0: by score alone; 1: as different from each other as possible.", Minimum: 0, Maximum: 1, Default: "0", Example: "0.3");

    public static readonly QueryParameter Explain = new(
        "explain", QueryParameterKind.Boolean, "Give the reasons of each movie.", Default: "false", Example: "true");

    public static readonly QueryParameter After = new(
        "after", QueryParameterKind.Text, "A position from a receipt: the answer waits until that write is included.", Minimum: 1, Maximum: 4000, Example: "3-1042");

    public static readonly QueryParameter[] All =
        [Count, Genres, YearFrom, YearTo, Languages, MinVotes, Exclude, IncludeSeen, Diversity, Explain, After];

    public static RecommendationQuery Read(HttpRequest request, out string? after)
    {
        var reader = new QueryReader(request, All);
        after = null;
        if (reader.IsEmpty)
        {
            return Default;
        }

        after = reader.Text(After);
        var query = new RecommendationQuery
        {
            Count = reader.Integer(Count) ?? 10,
            Genres = reader.List(Genres),
            YearFrom = reader.Integer(YearFrom),
            YearTo = reader.Integer(YearTo),
            Languages = reader.List(Languages),
            MinVotes = reader.Integer(MinVotes) ?? 0,
            Exclude = reader.List(Exclude),
            IncludeSeen = reader.Boolean(IncludeSeen),
            Diversity = reader.Number(Diversity) ?? 0,
            Explain = reader.Boolean(Explain),
        };
        if (query.YearFrom > query.YearTo)
        {
            reader.Fail(YearFrom.Name, "It is later than yearTo; swap them or leave one out.");
        }

        reader.ThrowIfInvalid();
        return query;
    }
}
