using Cinegrain.Model.Blending;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>Makes the list that a user sees: the best of the ranking, spread over the catalogue where asked, with reasons where asked.</summary>
internal static class ListMaker
{
    // Candidates among which a spread list is chosen, and whose mean a reason is told against.
    private const int WidePool = 200;

    // A newcomer's list shows several genres, so that the first choice tells something.
    private const double NewcomerDiversity = 0.5;

    public static RecommendationList Make(SharedModel shared, Ranker ranker, UserState user, RecommendationQuery query, long nowSeconds)
    {
        if (!user.Learning)
        {
            // Without consent nothing that is known of the user may shape the list: it is a newcomer's.
            user = UserState.Anonymous(user, shared.Index);
        }

        var view = shared.View;
        var weights = shared.Weights.Of(BlendWeights.Bucket(user.HistoryCount, nowSeconds - user.LastEventSeconds));
        var diversity = Math.Max(query.Diversity, user.HistoryCount == 0 ? NewcomerDiversity : 0);
        using var lease = view.Read();
        var pool = ranker.Rank(view, user, query, weights, nowSeconds, diversity > 0 || query.Explain ? WidePool : query.Count);
        var chosen = diversity > 0
            ? Diversity.Choose(view, ranker.Top.AsSpan(0, pool), ranker.TopScores.AsSpan(0, pool), query.Count, diversity)
            : ranker.Top[..Math.Min(pool, query.Count)];
        var explored = Exploration.Mix(shared, ranker, user, chosen, nowSeconds);
        var explanation = query.Explain ? new Explanation(view, ranker, user, weights, pool) : null;
        var items = new Recommendation[chosen.Length];
        for (var place = 0; place < chosen.Length; place++)
        {
            var movie = chosen[place];
            items[place] = new Recommendation(
                view.Index.Id(movie),
                view.MetadataOf(movie)!.Title,
                ranker.ScoreOf(movie),
                place >= chosen.Length - explored && explanation is not null ? Exploration.Reasons : explanation?.Of(movie));
        }

        return new RecommendationList(user.Version, view.Version, items);
    }
}
