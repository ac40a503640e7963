using Cinegrain.Cli.Evaluation;

namespace Cinegrain.Cli.Tests.Evaluation;

public sealed class ScoresTests
{
    [Fact]
    public void Curve_OfHits_IsTheMeanOfTheWindow()
    {
        bool[] hits = [.. Enumerable.Range(0, 5000).Select(k => k >= 2500)];
        var curve = RecallPlot.Curve(hits);

        Assert.Equal((2000, 0.0), curve[0]);
        Assert.Equal((5000, 1.0), curve[^1]);
        Assert.All(curve, point => Assert.Equal(Math.Clamp((point.At - 2500) / 2000.0, 0, 1), point.Recall, 9));
    }
}
