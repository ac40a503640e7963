using Cinegrain.Cli.DataSets;
using Cinegrain.Cli.Evaluation;
using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests.Evaluation;

public sealed class ScoresTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MovingRecall_OfHits_IsTheMeanOfTheWindow()
    {
        bool[] hits = [.. Enumerable.Range(0, 5000).Select(k => k >= 2500)];
        var curve = MovingPlot.Recall(hits);

        Assert.Equal((2000, 0.0), curve[0]);
        Assert.Equal((5000, 1.0), curve[^1]);
        Assert.All(curve, point => Assert.Equal(Math.Clamp((point.At - 2500) / 2000.0, 0, 1), point.Value, 9));
    }

    [Fact]
    public void MovingCoverage_RandomLists_EqualsCountingTheWindow()
    {
        const int Window = 7;
        var random = new Random(1);
        var coverage = new MovingCoverage(Window, 50);
        var lists = new List<int[]>();
        for (var k = 0; k < 100; k++)
        {
            lists.Add([.. Enumerable.Range(0, 50).OrderBy(_ => random.Next()).Take(random.Next(5))]);
            coverage.Add(lists[^1]);

            Assert.Equal(lists.TakeLast(Window).SelectMany(list => list).Distinct().Count(), coverage.Distinct);
        }
    }

    [Fact]
    public void StandardError_EventsOfAUserAlike_IsThatOfTheUsers()
    {
        var mean = new ClusteredMean(4);
        var halved = new ClusteredMean(4);
        for (var k = 0; k < 100; k++)
        {
            mean.Add(k % 4, k % 4 < 2 ? 1 : 0);
            halved.Add(k % 4, k % 4 < 2 ? 0.5 : 0);
        }

        // As many events as one likes, but four users: the error is that of the mean of 1, 1, 0, 0.
        Assert.Equal(0.5, mean.Value, 12);
        Assert.Equal(Math.Sqrt(1.0 / 3 / 4), mean.StandardError, 12);

        var difference = mean.Less(halved);
        Assert.Equal(0.25, difference.Value, 12);
        Assert.Equal(mean.StandardError / 2, difference.StandardError, 12);
        Assert.Equal((0.0, 0.0), mean.Less(mean));
    }

    [Fact]
    public void GenreDistance_OfPairs_IsOneMinusTheCosineOfTheirGenres()
    {
        // More genres than one word of 64 bits has.
        var many = Enumerable.Range(0, 70).Select(genre => $"{genre},Movie,Genre {genre}");
        var distance = new GenreDistance(Load([.. many, "70,Movie,Genre 1|Genre 69", "71,Movie,(no genres listed)", "72,Movie,(no genres listed)"]));

        Assert.Null(distance.Within([3]));
        Assert.Equal(1, distance.Within([0, 69])!.Value, 12);
        Assert.Equal(1 - Math.Sqrt(0.5), distance.Within([69, 70])!.Value, 12);
        Assert.Equal(1, distance.Within([71, 72])!.Value, 12);
        Assert.Equal((1 + (2 * (1 - Math.Sqrt(0.5)))) / 3, distance.Within([1, 69, 70])!.Value, 12);
    }

    [Fact]
    public void ShuffleTies_ManyAtTheSameSecond_KeepsTheOrderOfTime()
    {
        var data = Load(["0,Movie,Drama"], Enumerable.Range(0, 300).Select(k => $"{k},0,5,{1000 + (k / 100)}"));
        var before = data.Ratings.ToArray();
        data.ShuffleTies(seed: 1);
        var after = data.Ratings.ToArray();

        Assert.Equal(before.Select(rating => rating.Seconds), after.Select(rating => rating.Seconds));
        Assert.Equal(before.OrderBy(rating => rating.Line), after.OrderBy(rating => rating.Line));
        Assert.True(before.Zip(after).Count(pair => pair.First.Line == pair.Second.Line) < 30);
    }

    private RatingData Load(IEnumerable<string> movies, IEnumerable<string>? ratings = null) => RatingData.Load(
        _folder.WriteDataSet("data", movies, ratings ?? ["0,0,5,1000"]), new NoBoard(), error => Assert.Fail(error.ToString()), CancellationToken.None);
}
