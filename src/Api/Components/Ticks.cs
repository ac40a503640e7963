namespace Cinegrain.Api.Components;

/// <summary>Which labels of an axis are shown, and where.</summary>
internal static class Ticks
{
    /// <summary>Evenly spaced labels with their place in percent of the axis.</summary>
    /// <param name="maximum">Greatest number of labels.</param>
    /// <param name="middle">True: each item is a column and its label stands under the middle; false: items are points from edge to edge.</param>
    public static IEnumerable<(string Label, double At)> Of(IReadOnlyList<string> labels, int maximum, bool middle)
    {
        if (labels.Count == 0)
        {
            yield break;
        }

        var step = Math.Max(1, (int)Math.Ceiling(labels.Count / (double)maximum));
        if (labels.Count > 20)
        {
            // Years and minutes read better in tens and fives.
            step = step switch { <= 2 => step, <= 5 => 5, <= 10 => 10, <= 20 => 20, _ => (step + 9) / 10 * 10 };
        }

        var first = 0;
        if (step >= 5)
        {
            // Years and minutes start at a round one.
            for (var i = 0; i < step && i < labels.Count; i++)
            {
                if (int.TryParse(labels[i].AsSpan(labels[i].IndexOf(':') + 1), out var number) && number % step == 0)
                {
                    first = i;
                    break;
                }
            }
        }

        for (var i = first; i < labels.Count; i += step)
        {
            var at = middle ? 100 * (i + 0.5) / labels.Count : labels.Count == 1 ? 50 : 100.0 * i / (labels.Count - 1);
            yield return (labels[i], at);
        }
    }
}
