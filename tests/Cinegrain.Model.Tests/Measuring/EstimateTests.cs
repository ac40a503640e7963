using Cinegrain.Model.Measuring;

namespace Cinegrain.Model.Tests.Measuring;

public sealed class EstimateTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, 1)]
    [InlineData(0, 10, 0, 0, 0.2775)]
    [InlineData(10, 10, 1, 0.7225, 1)]
    [InlineData(81, 263, 0.3080, 0.2553, 0.3662)]
    public void OfShare_OfCounts_IsWilsonsInterval(long hits, long tests, double value, double low, double high)
    {
        // 81 of 263: Newcombe 1998, table I.
        var estimate = Estimate.OfShare(hits, tests);
        Assert.Equal(value, estimate.Value, 1e-4);
        Assert.Equal(low, estimate.Low, 1e-4);
        Assert.Equal(high, estimate.High, 1e-4);
    }

    [Fact]
    public void OfMean_OfSums_IsTheNormalInterval()
    {
        double[] values = [0, 0.5, 1, 0.5];
        var estimate = Estimate.OfMean(values.Sum(), values.Sum(v => v * v), values.Length);
        var deviation = Math.Sqrt(values.Sum(v => (v - 0.5) * (v - 0.5)) / 3 / 4);
        Assert.Equal(0.5, estimate.Value, 1e-12);
        Assert.Equal(0.5 - (1.959964 * deviation), estimate.Low, 1e-9);
        Assert.Equal(0.5 + (1.959964 * deviation), estimate.High, 1e-9);
    }
}
