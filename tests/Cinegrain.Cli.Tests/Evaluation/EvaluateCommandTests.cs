using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests.Evaluation;

public sealed class EvaluateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Evaluate_TinyDataSet_GivesTheNumbersWorkedOutByHand()
    {
        // Two movies. In order of time: line 5, 1, 2, then 3 and 6 at the same second, 4.
        var data = _folder.WriteDataSet("tiny", ["A,First (1990),Drama", "B,Second (1991),War"],
        [
            "u1,A,5,100",
            "u1,B,5,200",
            "u2,A,4,300",
            "u2,B,3.5,400",
            "u3,B,4.5,50",
            "u1,A,4,300",
        ]);

        var run = await CliRun.OfAsync("evaluate", "--data", data, "--learn-from", "all", "--lists", _folder["lists"], "--json");

        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Out);
        var method = json.RootElement.GetProperty("methods")[0];

        // Scored: 5, 1, 2, 3, 6. Known: 2 (a hit, at the first place) and 6 (u1 has both movies: an empty list, a miss).
        Assert.Equal(6, json.RootElement.GetProperty("events").GetInt32());
        Assert.Equal(5, method.GetProperty("scored").GetInt32());
        Assert.Equal(2, method.GetProperty("known").GetInt32());
        Assert.Equal(0.5, method.GetProperty("recallAt10").GetDouble(), 12);
        Assert.Equal(0.5, method.GetProperty("ndcgAt10").GetDouble(), 12);
        Assert.Equal(0.5, method.GetProperty("mrr").GetDouble(), 12);
        Assert.Equal(0.8, method.GetProperty("recallAt10OfAll").GetDouble(), 12);
        Assert.Equal(1, method.GetProperty("coverage").GetDouble(), 12);

        var lists = await File.ReadAllLinesAsync(_folder["lists"]);
        Assert.Equal(["5", "1", "2", "3", "6"], lists.Select(line => line.Split(',')[0]));
        Assert.Equal("2,B", lists[2]);
        Assert.Equal("6,", lists[4]);

        // Before line 3 both movies were taken, B by two users: it comes first for a newcomer.
        Assert.Equal("3,B A", lists[3]);
    }

    [Fact]
    public async Task Evaluate_LearnFromPositives_LowRatingsDoNotCountAsHad()
    {
        var data = _folder.WriteDataSet("low", ["A,First,Drama", "B,Second,War"], ["u,A,2,100", "u,B,5,200", "u,A,5,300"]);

        var positives = await CliRun.OfAsync("evaluate", "--data", data, "--learn-from", "positives", "--lists", _folder["positives"], "--json");
        var all = await CliRun.OfAsync("evaluate", "--data", data, "--learn-from", "all", "--lists", _folder["all"], "--json");

        Assert.Equal((0, 0), (positives.Code, all.Code));
        Assert.Equal("3,A", (await File.ReadAllLinesAsync(_folder["positives"]))[1]);
        Assert.Equal(["2,B", "3,"], await File.ReadAllLinesAsync(_folder["all"]));
    }

    [Theory]
    [InlineData("all")]
    [InlineData("positives")]
    public async Task Evaluate_DataCutAfterAnEvent_GivesTheSameListsUntilThen(string learnFrom)
    {
        const int Cut = 700;
        var ratings = GroupedRatings.Create(1500, 60, seed: 3);
        var whole = _folder.WriteDataSet("whole", GroupedRatings.Movies, ratings);
        var cut = _folder.WriteDataSet("cut", GroupedRatings.Movies, ratings.Take(Cut));

        Assert.Equal(0, (await CliRun.OfAsync("evaluate", "--data", whole, "--learn-from", learnFrom, "--lists", _folder["a"])).Code);
        Assert.Equal(0, (await CliRun.OfAsync("evaluate", "--data", cut, "--learn-from", learnFrom, "--lists", _folder["b"])).Code);
        Assert.Equal(0, (await CliRun.OfAsync("evaluate", "--data", whole, "--learn-from", learnFrom, "--limit", $"{Cut}", "--lists", _folder["c"])).Code);

        var expected = await File.ReadAllLinesAsync(_folder["b"]);
        Assert.InRange(expected.Length, Cut / 2, Cut);
        Assert.Equal(expected, (await File.ReadAllLinesAsync(_folder["a"])).Take(expected.Length));
        Assert.Equal(expected, await File.ReadAllLinesAsync(_folder["c"]));
    }

    [Fact]
    public async Task Evaluate_Lists_ScoredIndependently_GiveTheReportedRecall()
    {
        var ratings = GroupedRatings.Create(1500, 60, seed: 4);
        var data = _folder.WriteDataSet("data", GroupedRatings.Movies, ratings);
        var run = await CliRun.OfAsync("evaluate", "--data", data, "--lists", _folder["lists"], "--json");

        var lists = (await File.ReadAllLinesAsync(_folder["lists"])).Select(line => line.Split(','))
            .ToDictionary(line => int.Parse(line[0], CultureInfo.InvariantCulture), line => line[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var had = new Dictionary<string, HashSet<string>>();
        var (known, hits) = (0, 0);
        for (var k = 0; k < ratings.Count; k++)
        {
            var fields = ratings[k].Split(',');
            var mine = had.TryGetValue(fields[0], out var movies) ? movies : had[fields[0]] = [];
            if (double.Parse(fields[2], CultureInfo.InvariantCulture) >= 4)
            {
                var list = lists[k + 1];
                Assert.Equal(list.Length, list.Distinct().Count());
                Assert.DoesNotContain(list, mine.Contains);
                Assert.Equal(10, list.Length);
                known += mine.Count > 0 ? 1 : 0;
                hits += mine.Count > 0 && list.Contains(fields[1]) ? 1 : 0;
            }

            mine.Add(fields[1]);
        }

        using var json = JsonDocument.Parse(run.Out);
        var method = json.RootElement.GetProperty("methods")[0];
        Assert.Equal(known, method.GetProperty("known").GetInt32());
        Assert.Equal(hits / (double)known, method.GetProperty("recallAt10").GetDouble(), 12);
    }

    [Fact]
    public async Task Evaluate_Baselines_BeatChanceWhereThereIsStructure()
    {
        var data = _folder.WriteDataSet("data", GroupedRatings.Movies, GroupedRatings.Create(6000, 400, seed: 5));
        var run = await CliRun.OfAsync("evaluate", "--data", data, "--baselines", "--plot", _folder["plot.svg"], "--json");

        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Out);
        var recall = json.RootElement.GetProperty("methods").EnumerateArray()
            .ToDictionary(method => method.GetProperty("method").GetString()!, method => method.GetProperty("recallAt10").GetDouble());
        Assert.Equal(5, recall.Count);

        // Ten of the movies that a user has not are a list of chance.
        const double Chance = 10.0 / (GroupedRatings.Groups * GroupedRatings.MoviesOfGroup);
        Assert.All(recall, method => Assert.True(method.Value > 1.2 * Chance, $"{method.Key}: {method.Value}"));

        // What knows the groups finds more than what is the same for all.
        Assert.True(recall["Cosine item-kNN"] > 1.5 * recall["Popularity"], $"{recall["Cosine item-kNN"]} against {recall["Popularity"]}");
        Assert.True(recall["Cinegrain"] > 1.5 * recall["Popularity"], $"{recall["Cinegrain"]} against {recall["Popularity"]}");

        var svg = XDocument.Load(_folder["plot.svg"]);
        Assert.Equal(5, svg.Descendants().Count(element => element.Name.LocalName == "polyline"));
        Assert.Contains(svg.Descendants(), element => element.Value == "Incremental MF (ISGD)");
    }

    [Fact]
    public async Task Evaluate_MovieNotInTheMoviesFile_EntersTheCatalogueWithItsFirstEvent()
    {
        var data = _folder.WriteDataSet("data", ["A,First,Drama"], ["u,X,5,100", "v,X,5,200"]);
        var run = await CliRun.OfAsync("evaluate", "--data", data, "--lists", _folder["lists"], "--json");

        Assert.Equal(0, run.Code);
        Assert.Equal(["1,A", "2,X A"], await File.ReadAllLinesAsync(_folder["lists"]));
    }

    [Fact]
    public async Task Evaluate_BrokenLines_AreLeftOutAndNamed()
    {
        var data = _folder.WriteDataSet("data", ["A,First,Drama"], ["u,A,5,100", "u,A,many,200"]);
        var run = await CliRun.OfAsync("evaluate", "--data", data);

        Assert.Equal(ExitCode.SomeRefused, run.Code);
        Assert.Contains("ratings.csv, line 3, rating", run.Error, StringComparison.Ordinal);
        Assert.Contains("Cinegrain", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluate", "--data", "no-such-folder")]
    [InlineData("evaluate")]
    [InlineData("evaluate", "--data", ".", "--learn-from", "some")]
    [InlineData("evaluate", "--data", ".", "--limit", "0")]
    public async Task Evaluate_WrongArguments_FailWithASentence(params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.NotEmpty(run.Error.Trim());
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }
}
