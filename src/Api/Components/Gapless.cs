using System.Globalization;

namespace Cinegrain.Api.Components;

/// <summary>
/// Series on an even axis: what nothing was counted for is missing in the data and stands as 0 on a chart. A label that is not of the
/// expected form leaves the series as it came.
/// </summary>
internal static class Gapless
{
    /// <summary>One point a year.</summary>
    public static IReadOnlyList<DashboardCount> Years(IReadOnlyList<DashboardCount> items) =>
        Fill(items, label => int.TryParse(label, CultureInfo.InvariantCulture, out var year) ? year : null, year => year.ToString(CultureInfo.InvariantCulture));

    /// <summary>One point a month, labelled such as 2026-11.</summary>
    public static IReadOnlyList<DashboardCount> Months(IReadOnlyList<DashboardCount> items) => Fill(
        items,
        label => DateOnly.TryParseExact(label, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) ? (month.Year * 12) + month.Month - 1 : null,
        number => string.Create(CultureInfo.InvariantCulture, $"{number / 12:0000}-{(number % 12) + 1:00}"));

    /// <summary>One point a whole minute, labelled with its time of day in UTC; a minute that is not over is left out.</summary>
    public static IReadOnlyList<DashboardCount> Minutes(IReadOnlyList<DashboardCount> items, DateTimeOffset now) => Fill(
        items,
        label => DateTimeOffset.TryParse(label, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var minute) ? (int)(minute.ToUnixTimeSeconds() / 60) : null,
        number => DateTimeOffset.FromUnixTimeSeconds(number * 60L).ToString("HH:mm", CultureInfo.InvariantCulture),
        end: (int)(now.ToUnixTimeSeconds() / 60));

    private static IReadOnlyList<DashboardCount> Fill(
        IReadOnlyList<DashboardCount> items, Func<string, int?> number, Func<int, string> label, int end = int.MaxValue)
    {
        var values = new SortedDictionary<int, double>();
        foreach (var item in items)
        {
            if (number(item.Label) is not { } at)
            {
                return items;
            }

            if (at < end)
            {
                values[at] = item.Value;
            }
        }

        if (values.Count == 0)
        {
            return [];
        }

        var first = values.Keys.First();
        return [.. Enumerable.Range(first, values.Keys.Last() - first + 1).Select(at => new DashboardCount(label(at), values.GetValueOrDefault(at)))];
    }
}
