using Cinegrain.Model.Blending;
using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>Makes the list that a user sees: the best of the ranking, spread over the catalogue where asked, with reasons where asked.</summary>
internal static class ListMaker
{
    // A newcomer's list shows several genres, so that the first choice tells something.
    private const double NewcomerDiversity = 0.5;

    public static RecommendationList Make(SharedModel shared, TwoStageRanker ranker, UserState user, RecommendationQuery query, long nowSeconds)
    {
        if (!user.Learning)
        {
            // Without consent nothing that is known of the user may shape the list: it is a newcomer's.
            user = UserState.Anonymous(user, shared.Index);
        }

        var view = shared.View;
        var bucket = BlendWeights.Bucket(user.HistoryCount, nowSeconds - user.LastEventSeconds);
        var variant = shared.VariantOf(user.User);
        var diversity = Math.Max(query.Diversity, user.HistoryCount == 0 ? NewcomerDiversity : 0);
        using var lease = view.Read();

        // A spread list is chosen among all candidates, and a reason is told against their mean.
        var pool = ranker.Rank(
            shared, user, query, bucket, variant, describe: diversity > 0 || query.Explain, nowSeconds, diversity > 0 ? CandidateTable.Candidates : query.Count);
        var chosen = diversity > 0
            ? Diversity.Choose(view, ranker.Top.AsSpan(0, pool), ranker.TopScores.AsSpan(0, pool), query.Count, diversity)
            : ranker.Top[..Math.Min(pool, query.Count)];
        var explored = Exploration.Mix(shared, ranker.Stage1, user, chosen, nowSeconds);
        var explanation = query.Explain && pool > 0 ? new Explanation(shared, ranker, user, bucket, variant) : null;
        var items = new Recommendation[chosen.Length];
        for (var place = 0; place < chosen.Length; place++)
        {
            var movie = chosen[place];
            var rank = Array.IndexOf(ranker.Top, movie, 0, pool);
            items[place] = new Recommendation(
                view.Index.Id(movie),
                view.MetadataOf(movie)!.Title,
                rank >= 0 ? ranker.TopScores[rank] : ranker.Stage1.ScoreOf(movie) - ranker.Stage1.TopScores[0],
                place >= chosen.Length - explored && explanation is not null ? Exploration.Reasons : explanation?.Of(movie));
        }

        return new RecommendationList(user.Version, view.Version, items);
    }
}
