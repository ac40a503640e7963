using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Model.Reranking;

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

        // A newcomer is shown both.
        Assert.True(lists[3] is "3,A B" or "3,B A", lists[3]);
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
        Assert.Equal(["Cinegrain", "Cinegrain stage 1", "Popularity"], recall.Keys.Take(3));
        Assert.Equal(6, recall.Count);

        // Ten of the movies that a user has not are a list of chance.
        const double Chance = 10.0 / (GroupedRatings.Groups * GroupedRatings.MoviesOfGroup);
        Assert.All(recall, method => Assert.True(method.Value > 1.2 * Chance, $"{method.Key}: {method.Value}"));

        // What knows the groups finds more than what is the same for all.
        Assert.True(recall["Cosine item-kNN"] > 1.5 * recall["Popularity"], $"{recall["Cosine item-kNN"]} against {recall["Popularity"]}");
        Assert.True(recall["Cinegrain"] > 1.5 * recall["Popularity"], $"{recall["Cinegrain"]} against {recall["Popularity"]}");

        // Two panels.
        var svg = XDocument.Load(_folder["plot.svg"]);
        Assert.Equal(2 * 6, svg.Descendants().Count(element => element.Name.LocalName == "polyline"));
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
    [InlineData("evaluate", "--data", ".", "--stage", "3")]
    [InlineData("evaluate", "--data", ".", "--stage", "1", "--ablate", "content")]
    [InlineData("evaluate", "--data", ".", "--seed", "first")]
    [InlineData("evaluate", "--data", ".", "--diversity", "1.5")]
    [InlineData("evaluate", "--data", ".", "--diversity", "NaN")]
    [InlineData("evaluate", "--data", ".", "--jobs", "0")]
    public async Task Evaluate_WrongArguments_FailWithASentence(params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.NotEmpty(run.Error.Trim());
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_UnknownGroup_IsToldWhichThereAre()
    {
        var run = await CliRun.OfAsync("evaluate", "--data", ".", "--ablate", "content", "--ablate", "colour");

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.All(RerankFeatures.Groups.Keys, group => Assert.Contains(group, run.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Evaluate_Stages_AreTheSameAloneAndSideBySide()
    {
        var data = _folder.WriteDataSet("data", GroupedRatings.Movies, GroupedRatings.Create(1500, 60, seed: 7));
        async Task<(JsonElement[] Methods, string Lists)> Run(string stage, params string[] more)
        {
            var run = await CliRun.OfAsync(["evaluate", "--data", data, "--stage", stage, "--lists", _folder["lists"], "--json", .. more]);
            Assert.Equal(0, run.Code);
            return ([.. JsonDocument.Parse(run.Out).RootElement.GetProperty("methods").EnumerateArray()], await File.ReadAllTextAsync(_folder["lists"]));
        }

        var (both, shown) = await Run("both");
        var (alone, shownAlone) = await Run("2", "--jobs", "1");
        var (first, firstLists) = await Run("1");

        Assert.Equal(["Cinegrain", "Cinegrain stage 1"], both.Select(method => method.GetProperty("method").GetString()));
        Assert.Equal(shown, shownAlone);
        Assert.NotEqual(shown, firstLists);
        foreach (var (together, apart) in new[] { (both[0], Assert.Single(alone)), (both[1], Assert.Single(first)) })
        {
            foreach (var measure in new[] { "method", "recallAt10", "recallStandardError", "ndcgAt10", "coverage", "novelty", "intraListDistance", "coldStart" })
            {
                Assert.Equal(together.GetProperty(measure).ToString(), apart.GetProperty(measure).ToString());
            }
        }

        var difference = both[1].GetProperty("difference");
        Assert.Equal(
            both[1].GetProperty("recallAt10").GetDouble() - both[0].GetProperty("recallAt10").GetDouble(), difference.GetProperty("recallAt10").GetDouble(), 12);
        Assert.InRange(difference.GetProperty("standardError").GetDouble(), 1e-6, both[0].GetProperty("recallStandardError").GetDouble() * 2);
        Assert.Equal(JsonValueKind.Null, both[0].GetProperty("difference").ValueKind);
    }

    [Fact]
    public async Task Evaluate_OptionsOfTheModel_ChangeTheListsAndAreReported()
    {
        var data = _folder.WriteDataSet("data", GroupedRatings.Movies, GroupedRatings.Create(1500, 60, seed: 8));
        async Task<(JsonElement Report, string Lists)> Run(params string[] more)
        {
            var run = await CliRun.OfAsync(["evaluate", "--data", data, "--stage", "2", "--lists", _folder["lists"], "--json", .. more]);
            Assert.Equal(0, run.Code);
            return (JsonDocument.Parse(run.Out).RootElement, await File.ReadAllTextAsync(_folder["lists"]));
        }

        var (report, lists) = await Run();
        var (seeded, seededLists) = await Run("--seed", "2");
        var (ablated, ablatedLists) = await Run("--ablate", "popularity", "--ablate", "ITEM");
        var (spread, spreadLists) = await Run("--diversity", "0.8");
        var (shuffled, shuffledLists) = await Run("--shuffle-ties");

        Assert.Equal(5, new[] { lists, seededLists, ablatedLists, spreadLists, shuffledLists }.Distinct().Count());
        Assert.Equal((1, 2), (report.GetProperty("seed").GetInt32(), seeded.GetProperty("seed").GetInt32()));
        Assert.Equal(["popularity", "ITEM"], ablated.GetProperty("ablated").EnumerateArray().Select(group => group.GetString()));
        Assert.Equal("Cinegrain without popularity, ITEM", ablated.GetProperty("methods")[0].GetProperty("method").GetString());
        Assert.True(shuffled.GetProperty("tiesShuffled").GetBoolean());
        Assert.Equal(0.8, spread.GetProperty("diversity").GetDouble());

        // The movies have one of two sets of genres: the farther from each other, the more of both.
        double Distance(JsonElement of) => of.GetProperty("methods")[0].GetProperty("intraListDistance").GetDouble();
        Assert.True(Distance(spread) > Distance(report) + 0.01, $"{Distance(spread)} against {Distance(report)}");
    }

    [Fact]
    public async Task Evaluate_ColdStart_IsMeasuredByTheEventsBefore()
    {
        // u's events in order of time, each of a movie new to everybody but the last.
        var movies = Enumerable.Range(0, 9).Select(movie => $"{movie},Movie {movie},Drama");
        var ratings = Enumerable.Range(0, 7).Select(k => $"u,{k},5,{100 + k}").Concat(Enumerable.Range(0, 5).Select(k => $"v{k},8,5,{k}"));
        var data = _folder.WriteDataSet("data", movies, ratings.Append("u,8,5,200").Append("u,7,3,300").Append("u,7,3,400"));

        var run = await CliRun.OfAsync("evaluate", "--data", data, "--json");

        using var json = JsonDocument.Parse(run.Out);
        var segments = json.RootElement.GetProperty("methods")[0].GetProperty("coldStart").EnumerateArray().ToArray();

        // Users with 0 events: v0 to v4 and u; movies with fewer than 5, by a known user: all of u but its first and its last.
        Assert.Equal([6, 1, 3, 3, 6], segments.Select(segment => segment.GetProperty("scored").GetInt32()));

        // Nine movies: whatever is not had is on the list.
        Assert.All(segments, segment => Assert.Equal(1, segment.GetProperty("recallAt10").GetDouble()));
    }
}
