using System.Globalization;
using System.Security;
using System.Text;

namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// Draws two panels as SVG, over the scored events of known users: the moving Recall@10 of each method, and its moving coverage, the share of the
/// catalogue that was on the lists of the window.
/// </summary>
internal static class MovingPlot
{
    private const int Width = 860, Left = 62, Right = 20, PanelHeight = 250, Gap = 34, Below = 62, LegendLine = 18, Points = 400;
    private const double LetterWidth = 6.6;

    // Colours that people with colour blindness can tell apart (Wong 2011), readable on white and on black.
    private static readonly string[] Colours = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    /// <summary>The drawing as an SVG document.</summary>
    public static string Draw(IReadOnlyList<Scores> methods)
    {
        var count = methods.Max(method => method.Known);
        var legend = new StringBuilder();
        var top = Legend(legend, methods);
        var height = top + (2 * PanelHeight) + Gap + Below;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" role="img" font-family="system-ui, sans-serif" font-size="12">
            <title>Moving Recall@10 and coverage, window of {Math.Min(Scores.Window, Math.Max(1, count)):N0} scored events</title>
            <style>.t{"{"}fill:#57606a{"}"}.g{"{"}stroke:#8888;stroke-width:.5{"}"}@media(prefers-color-scheme:dark){"{"}.t{"{"}fill:#9aa4af{"}"}{"}"}</style>

            """);
        svg.Append(legend);
        var window = $"the last {Scores.Window.ToString("N0", CultureInfo.InvariantCulture)}";
        Panel(svg, $"Recall@10, mean of {window}", top, count, [.. methods.Select(method => Recall(method.Hits))], "0.###");
        Panel(svg, $"Coverage of {window} lists", top + PanelHeight + Gap, count, [.. methods.Select(method => Coverage(method.Distinct, method.Movies))], "0.##%");

        var axis = height - Below;
        var along = Step(count / 6.0);
        for (var at = along; at <= count; at += along)
        {
            var day = DateTimeOffset.FromUnixTimeSeconds(methods[0].Seconds[(int)at - 1]);
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{X(at, count):F1}\" y=\"{axis + 18}\" text-anchor=\"middle\">{at:N0}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{X(at, count):F1}\" y=\"{axis + 33}\" text-anchor=\"middle\" font-size=\"10\">{day:yyyy-MM}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{(Left + Width - Right) / 2}\" y=\"{height - 10}\" text-anchor=\"middle\">scored events of known users, and when</text>\n");
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Moving means of hits, about <see cref="Points"/> of them; the first stands where the first window is full.</summary>
    internal static IReadOnlyList<(int At, double Value)> Recall(IReadOnlyList<bool> hits)
    {
        var window = Math.Min(Scores.Window, hits.Count);
        var sums = new int[hits.Count + 1];
        for (var at = 1; at <= hits.Count; at++)
        {
            sums[at] = sums[at - 1] + (hits[at - 1] ? 1 : 0);
        }

        return [.. Places(hits.Count).Select(at => (at, (sums[at] - sums[at - window]) / (double)window))];
    }

    /// <summary>Share of the movies that are distinct within the window, at the same places.</summary>
    internal static IReadOnlyList<(int At, double Value)> Coverage(IReadOnlyList<int> distinct, int movies) =>
        [.. Places(distinct.Count).Select(at => (at, distinct[at - 1] / (double)movies))];

    private static IEnumerable<int> Places(int count)
    {
        var window = Math.Min(Scores.Window, count);
        var every = Math.Max(1, (count - window) / Points);
        return Enumerable.Range(window, count - window + 1).Where(at => at > 0 && ((at - window) % every == 0 || at == count));
    }

    private static double X(double at, int count) => Left + ((Width - Left - Right) * at / Math.Max(1, count));

    private static void Panel(StringBuilder svg, string title, int top, int count, IReadOnlyList<IReadOnlyList<(int At, double Value)>> curves, string format)
    {
        var highest = Math.Max(0.01, curves.SelectMany(curve => curve).Select(point => point.Value).DefaultIfEmpty(0).Max());
        var step = Step(highest / 5);
        var lines = (int)Math.Ceiling((highest / step) - 1e-9);
        double Y(double value) => top + (PanelHeight * (1 - (value / (lines * step))));

        for (var line = 0; line <= lines; line++)
        {
            var y = Y(line * step);
            var label = (line * step).ToString(format, CultureInfo.InvariantCulture);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{label}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" transform=\"translate(16 {top + (PanelHeight / 2)}) rotate(-90)\" text-anchor=\"middle\">{title}</text>\n");
        for (var method = curves.Count - 1; method >= 0; method--)
        {
            var points = string.Join(' ', curves[method].Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.At, count):F1},{Y(point.Value):F1}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{Colours[method % Colours.Length]}\" stroke-width=\"{(method == 0 ? 2.2 : 1.4)}\" points=\"{points}\"/>\n");
        }
    }

    /// <summary>Writes the names, in as many lines as they need; returns where the first panel begins.</summary>
    private static int Legend(StringBuilder svg, IReadOnlyList<Scores> methods)
    {
        double x = Left;
        var y = 20;
        for (var method = 0; method < methods.Count; method++)
        {
            var width = 40 + (LetterWidth * methods[method].Method.Length);
            if (x > Left && x + width > Width - Right)
            {
                (x, y) = (Left, y + LegendLine);
            }

            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:F0}\" y=\"{y - 4}\" width=\"14\" height=\"4\" fill=\"{Colours[method % Colours.Length]}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{x + 19:F0}\" y=\"{y + 2}\">{SecurityElement.Escape(methods[method].Method)}</text>\n");
            x += width;
        }

        return y + LegendLine;
    }

    /// <summary>The number of the form 1, 2 or 5 · 10ⁿ at or above a value.</summary>
    private static double Step(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-9))));
        return value / power is var mantissa && mantissa <= 1 ? power : mantissa <= 2 ? 2 * power : mantissa <= 5 ? 5 * power : 10 * power;
    }
}
