using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Ranking;

/// <summary>A movie with a score that orders it among others.</summary>
public sealed record ChartEntry(MovieSummary Movie, double Score);

/// <summary>Lists that are the same for every user.</summary>
public static class MovieCharts
{
    private const int WeekIndex = 1, QuarterIndex = 2;

    // Content stands in for a row while a movie has fewer interactions, as in the ranking.
    private const int ColdCount = 5;

    /// <summary>The most taken movies of the last 90 days (decayed count), then by id.</summary>
    public static IReadOnlyList<ChartEntry> Popular(CatalogueView view, int count, long nowSeconds) =>
        Best(view.DescribeAll(nowSeconds).Select(movie => new ChartEntry(movie, movie.Popularity[QuarterIndex])), count);

    /// <summary>
    /// Movies whose last days stand out: (p₇ − e) / √(e + 1), where e = p₉₀ · 7/90 is what the last 90 days let expect of p₇, the count decayed over
    /// 7 days (for a steady rate r, a count decayed with τ tends to r·τ). The numerator over the Poisson deviation of the expectation.
    /// </summary>
    public static IReadOnlyList<ChartEntry> Trending(CatalogueView view, int count, long nowSeconds)
    {
        var ratio = ModelConstants.PopularityDays[WeekIndex] / ModelConstants.PopularityDays[QuarterIndex];
        return Best(
            view.DescribeAll(nowSeconds).Select(movie =>
            {
                var expected = movie.Popularity[QuarterIndex] * ratio;
                return new ChartEntry(movie, (movie.Popularity[WeekIndex] - expected) / Math.Sqrt(expected + 1));
            }),
            count);
    }

    /// <summary>
    /// Movies taken near this one, by C[x→j] / (N_j + 3)^0.4; those alike by content while little was learned of it. Null when it is not in the
    /// catalogue.
    /// </summary>
    public static IReadOnlyList<ChartEntry>? Similar(CatalogueView view, string id, int count, long nowSeconds)
    {
        List<(string Id, double Score)> found = [];
        using (view.Read())
        {
            if (!view.Index.TryGetHandle(id, out var movie) || view.MetadataOf(movie) is null)
            {
                return null;
            }

            var scores = new Dictionary<int, double>();
            if (view.Row(movie) is { } row)
            {
                for (var i = 0; i < row.Count; i++)
                {
                    scores[row.Movies[i]] = row.Totals[i] / (double)ModelConstants.FixedPoint * view.CountPower4[row.Movies[i]];
                }
            }

            if (view.Count(movie) < ColdCount)
            {
                var (movies, similarities) = view.Content.Of(movie);
                for (var i = 0; i < movies.Length; i++)
                {
                    scores[movies[i]] = scores.GetValueOrDefault(movies[i]) + similarities[i];
                }
            }

            foreach (var (other, score) in scores)
            {
                if (view.MetadataOf(other) is not null && score > 0)
                {
                    found.Add((view.Index.Id(other), score));
                }
            }
        }

        found.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Id, b.Id));
        return [.. found.Take(count).Select(f => (Summary: view.Describe(f.Id, nowSeconds), f.Score))
            .Where(f => f.Summary is not null).Select(f => new ChartEntry(f.Summary!, f.Score))];
    }

    private static List<ChartEntry> Best(IEnumerable<ChartEntry> entries, int count) =>
        [.. entries.OrderByDescending(entry => entry.Score).ThenBy(entry => entry.Movie.Metadata.Id, StringComparer.Ordinal).Take(count)];
}
