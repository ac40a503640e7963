using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Gives the last places of a list to movies with few interactions, so that something is learned of them. Off by default; the same movies all day
/// for one user, chosen by a hash of user, day and movie.
/// </summary>
internal static class Exploration
{
    private const int FewInteractions = 5;
    private const long DaySeconds = 86400;

    public static readonly IReadOnlyList<Reason> Reasons = [new(ReasonKind.Exploring, null, 1, 0, "New here: few people have tried it yet")];

    /// <summary>Replaces the last places of the list; returns how many.</summary>
    public static int Mix(SharedModel shared, Ranker ranker, UserState user, int[] list, long nowSeconds)
    {
        var places = (int)Math.Round(list.Length * shared.Options.ExploreShare);
        if (places == 0)
        {
            return 0;
        }

        var view = shared.View;
        var day = StableHash.Of(StableHash.Of(user.User), (ulong)(nowSeconds / DaySeconds));
        var candidates = new PriorityQueue<int, ulong>(places + 1);
        for (var movie = 0; movie < view.Size; movie++)
        {
            if (view.Count(movie) < FewInteractions && !float.IsNegativeInfinity(ranker.ScoreOf(movie)) && !list.Contains(movie))
            {
                // Kept are the smallest hashes; the queue's head is the largest of them.
                candidates.Enqueue(movie, ~StableHash.Of(day, StableHash.Of(view.Index.Id(movie))));
                if (candidates.Count > places)
                {
                    candidates.Dequeue();
                }
            }
        }

        places = candidates.Count;
        for (var place = list.Length - places; place < list.Length; place++)
        {
            list[place] = candidates.Dequeue();
        }

        return places;
    }
}
