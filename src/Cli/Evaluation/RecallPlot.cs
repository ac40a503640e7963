using System.Globalization;
using System.Security;
using System.Text;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Draws the moving Recall@10 of each method as SVG, over the scored events of known users.</summary>
internal static class RecallPlot
{
    /// <summary>Scored events that each point is a mean of.</summary>
    public const int Window = 2000;

    private const int Width = 860, Height = 420, Left = 62, Right = 20, Top = 44, Bottom = 62, Points = 400;

    // Colours that people with colour blindness can tell apart (Wong 2011), readable on white and on black.
    private static readonly string[] Colours = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    /// <summary>The drawing as an SVG document.</summary>
    public static string Draw(IReadOnlyList<Scores> methods)
    {
        var count = methods.Max(method => method.Known);
        var curves = methods.Select(method => Curve(method.Hits)).ToArray();
        var highest = Math.Max(0.01, curves.SelectMany(curve => curve).Select(point => point.Recall).DefaultIfEmpty(0).Max());
        var step = Step(highest / 5);
        var top = Math.Ceiling(highest / step) * step;
        double X(double at) => Left + ((Width - Left - Right) * at / Math.Max(1, count));
        double Y(double recall) => Height - Bottom - ((Height - Top - Bottom) * recall / top);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" role="img" font-family="system-ui, sans-serif" font-size="12">
            <title>Moving Recall@10, window of {Math.Min(Window, Math.Max(1, count)):N0} scored events</title>
            <style>.t{"{"}fill:#57606a{"}"}.g{"{"}stroke:#8888;stroke-width:.5{"}"}@media(prefers-color-scheme:dark){"{"}.t{"{"}fill:#9aa4af{"}"}{"}"}</style>

            """);
        for (var line = 0; line <= (int)Math.Round(top / step); line++)
        {
            var y = Y(line * step);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{line * step:0.###}</text>\n");
        }

        var along = Step(count / 6.0);
        for (var at = along; at <= count; at += along)
        {
            var day = DateTimeOffset.FromUnixTimeSeconds(methods[0].Seconds[(int)at - 1]);
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{X(at):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{at:N0}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{X(at):F1}\" y=\"{Height - Bottom + 33}\" text-anchor=\"middle\" font-size=\"10\">{day:yyyy-MM}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 10}\" text-anchor=\"middle\">scored events of known users, and when</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">Recall@10, mean of the last {Window:N0}</text>\n");
        double legend = Left;
        for (var method = methods.Count - 1; method >= 0; method--)
        {
            var points = string.Join(' ', curves[method].Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.At):F1},{Y(point.Recall):F1}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{Colours[method % Colours.Length]}\" stroke-width=\"{(method == 0 ? 2.2 : 1.4)}\" points=\"{points}\"/>\n");
        }

        for (var method = 0; method < methods.Count; method++)
        {
            var name = SecurityElement.Escape(methods[method].Method);
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{legend:F0}\" y=\"16\" width=\"14\" height=\"4\" fill=\"{Colours[method % Colours.Length]}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{legend + 19:F0}\" y=\"22\">{name}</text>\n");
            legend += 40 + (6.6 * methods[method].Method.Length);
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Moving means, about <see cref="Points"/> of them; the first stands where the first window is full.</summary>
    internal static IReadOnlyList<(int At, double Recall)> Curve(IReadOnlyList<bool> hits)
    {
        var window = Math.Min(Window, hits.Count);
        var every = Math.Max(1, (hits.Count - window) / Points);
        var curve = new List<(int, double)>();
        var sum = 0;
        for (var at = 1; at <= hits.Count; at++)
        {
            sum += hits[at - 1] ? 1 : 0;
            sum -= at > window && hits[at - 1 - window] ? 1 : 0;
            if (at >= window && ((at - window) % every == 0 || at == hits.Count))
            {
                curve.Add((at, sum / (double)window));
            }
        }

        return curve;
    }

    /// <summary>The number of the form 1, 2 or 5 · 10ⁿ at or above a value.</summary>
    private static double Step(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-9))));
        var step = value / power is var mantissa && mantissa <= 1 ? power : mantissa <= 2 ? 2 * power : mantissa <= 5 ? 5 * power : 10 * power;
        return step;
    }
}
