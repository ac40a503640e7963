using Cinegrain.Cli.DataSets;
using Cinegrain.Cli.Evaluation;
using Cinegrain.Cli.Evaluation.Baselines;
using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests.Evaluation;

public sealed class BaselineTests : IDisposable
{
    private const int Day = 86400;

    private readonly TemporaryFolder _folder = new();
    private readonly RatingData _data;
    private readonly Audience _audience;

    public BaselineTests()
    {
        var movies = Enumerable.Range(0, 40).Select(movie => $"{movie},Movie {movie},Drama");
        var path = _folder.WriteDataSet("data", movies, Enumerable.Range(0, 10).Select(user => $"{user},0,5,1000"));
        _data = RatingData.Load(path, new NoBoard(), error => Assert.Fail(error.ToString()), CancellationToken.None);
        _audience = new Audience(_data);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Select_RandomScores_EqualsSortingThem()
    {
        var random = new Random(1);
        var list = new int[10];
        for (var round = 0; round < 200; round++)
        {
            var scores = Enumerable.Range(0, random.Next(1, 40)).Select(_ => (float)random.Next(0, 12)).ToArray();
            _audience.Learn(new Rating(round % 10, random.Next(40), 5, 1, 1));

            var length = TopList.Select(scores, 0, _audience, round % 10, list);

            var expected = Enumerable.Range(0, scores.Length)
                .Where(movie => scores[movie] > 0 && !_audience.Has(round % 10, movie))
                .OrderByDescending(movie => scores[movie]).ThenBy(movie => movie).Take(10);
            Assert.Equal(expected, list[..length]);
        }
    }

    [Fact]
    public void DecayedPopularity_AfterYears_ForgetsWhatWasTakenOften()
    {
        var method = new DecayedPopularity(_data, _audience, days: 1);
        var list = new int[10];
        for (var k = 0; k < 5; k++)
        {
            method.TestThenLearn(new Rating(k, 7, 5, 1, 0), listed: false, list);
        }

        method.TestThenLearn(new Rating(5, 8, 5, 1, 2000 * (long)Day), listed: false, list);
        method.TestThenLearn(new Rating(6, 9, 5, 1, (2000 * (long)Day) + (Day / 2)), listed: false, list);
        var length = method.TestThenLearn(new Rating(7, 9, 5, 1, 2001 * (long)Day), listed: true, list);

        Assert.Equal([9, 8], list[..length]);
    }

    [Fact]
    public void ItemKnn_Scores_AreSumsOfCosines()
    {
        using var method = new ItemKnn(_data, _audience);
        var list = new int[10];
        void Learn(int user, int movie)
        {
            var rating = new Rating(user, movie, 5, 1, 1);
            method.TestThenLearn(rating, listed: false, list);
            _audience.Learn(rating);
        }

        // Users 0 to 2 take 1 and 2, users 0 and 3 take 1 and 3, users 4 to 8 take 3 alone.
        Learn(0, 1);
        Learn(0, 2);
        Learn(0, 3);
        Learn(1, 1);
        Learn(1, 2);
        Learn(2, 1);
        Learn(2, 2);
        Learn(3, 1);
        Learn(3, 3);
        for (var user = 4; user < 9; user++)
        {
            Learn(user, 3);
        }

        // User 9 has 1: cosine with 2 is 3 / √(4·3) = .87, with 3 it is 2 / √(4·7) = .38.
        Learn(9, 1);
        var length = method.TestThenLearn(new Rating(9, 2, 5, 1, 1), listed: true, list);
        Assert.Equal([2, 3], list[..length]);

        // Users 4 to 8 have 3: cosine with 1 is 2 / √(5·7), with 2 it is 1 / √(4·7).
        length = method.TestThenLearn(new Rating(4, 1, 5, 1, 1), listed: true, list);
        Assert.Equal([1, 2], list[..length]);
    }
}
