using Cinegrain.Model.Blending;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>Makes the list that a user sees from the ranking of stage 1.</summary>
internal static class ListMaker
{
    public static RecommendationList Make(SharedModel shared, Ranker ranker, UserState user, RecommendationQuery query, long nowSeconds)
    {
        var view = shared.View;
        var weights = shared.Weights.Of(BlendWeights.Bucket(user.HistoryCount, nowSeconds - user.LastEventSeconds));
        using var lease = view.Read();
        var found = ranker.Rank(view, user, query, weights, nowSeconds, query.Count);
        var items = new Recommendation[found];
        for (var i = 0; i < found; i++)
        {
            var movie = ranker.Top[i];
            items[i] = new Recommendation(view.Index.Id(movie), view.MetadataOf(movie)!.Title, ranker.TopScores[i], null);
        }

        return new RecommendationList(user.Version, view.Version, items);
    }
}
