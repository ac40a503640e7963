using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Api.Components;

/// <summary>One film of the list as it is shown.</summary>
/// <param name="Movie">Catalogue entry, as far as it is known.</param>
/// <param name="IsNew">True when the list before did not have it.</param>
/// <param name="Moved">Places it rose since the list before; negative: fell.</param>
public sealed record ListRow(Recommendation Item, MovieMetadata Movie, bool IsNew, int Moved)
{
    /// <summary>The rows of a list, marked by what changed since the one before; nothing is marked on the first.</summary>
    public static IReadOnlyList<ListRow> Of(
        RecommendationList list, IReadOnlyDictionary<string, MovieMetadata> movies, IReadOnlyList<ListRow>? before)
    {
        var places = new Dictionary<string, int>();
        for (var i = 0; i < before?.Count; i++)
        {
            places[before[i].Item.Movie] = i;
        }

        var rows = new ListRow[list.Items.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var item = list.Items[i];
            var movie = movies.TryGetValue(item.Movie, out var known) ? known : new MovieMetadata { Id = item.Movie, Title = item.Title };
            rows[i] = places.TryGetValue(item.Movie, out var place)
                ? new ListRow(item, movie, false, place - i)
                : new ListRow(item, movie, before is not null, 0);
        }

        return rows;
    }

    /// <summary>What changed, as a sentence; null when nothing did.</summary>
    public static string? Changes(IReadOnlyList<ListRow> rows)
    {
        var fresh = rows.Select((row, i) => (row, i)).Where(pair => pair.row.IsNew).ToList();
        var moved = rows.Count(row => row.Moved != 0);
        if (fresh.Count == 0 && moved == 0)
        {
            return null;
        }

        var parts = new List<string>(2);
        if (fresh.Count > 0)
        {
            parts.Add($"{fresh.Count} new, first {fresh[0].row.Item.Title} at {fresh[0].i + 1}");
        }

        if (moved > 0)
        {
            parts.Add($"{moved} moved");
        }

        return string.Join("; ", parts);
    }
}
