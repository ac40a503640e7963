using System.Text.Json;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Ingest.Synthetic;

namespace Cinegrain.Cli.Tests.Simulation;

public sealed class SimulateCommandTests
{
    private const int Movies = 200, Viewers = 40;

    private readonly Audience _audience = new(SyntheticCatalogue.Create(Movies, 5), Viewers, 5);

    [Fact]
    public async Task Simulate_ServerThatKnowsTheTaste_FitsBetterThanPopular()
    {
        await using var server = await StubServer.StartAsync(Answer);
        var run = await CliRun.OfAsync(
            "simulate", "--catalogue", $"synthetic:{Movies}", "--viewers", $"{Viewers}", "--events", "1500", "--seed", "5", "--server", server.Url, "--json");

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(1500, server.Requests.Where(request => request.Path == "/v1/interactions").Sum(request => request.Lines.Count));
        using var json = JsonDocument.Parse(run.Out);
        var report = json.RootElement;
        Assert.Equal(1500, report.GetProperty("accepted").GetInt64());
        Assert.InRange(report.GetProperty("compared").GetInt32(), 20, Viewers);
        Assert.True(report.GetProperty("recommendedFit").GetDouble() > report.GetProperty("popularFit").GetDouble() + 0.5);
        Assert.True(report.GetProperty("bestFit").GetDouble() > report.GetProperty("popularFit").GetDouble() + 0.5);
        Assert.All(
            server.Requests.Where(request => request.Path.EndsWith("/recommendations", StringComparison.Ordinal)),
            request => Assert.Equal("?n=10&after=0%3A9", request.Query));
    }

    [Fact]
    public async Task Simulate_AtARate_WaitsInBetween()
    {
        var time = new ImmediateTime();
        await using var server = await StubServer.StartAsync(Answer);
        var run = await CliRun.OfAsync(
            time, null, "simulate", "--catalogue", $"synthetic:{Movies}", "--viewers", "10", "--events", "100", "--rate", "100", "--seed", "5", "--server", server.Url);

        Assert.Equal(0, run.Code);
        Assert.All(
            server.Requests.Where(request => request.Path == "/v1/interactions"), request => Assert.Equal(10, request.Lines.Count));

        // The clock stands still: each wait is until its batch is due.
        Assert.Equal(Enumerable.Range(1, 9).Select(batch => batch * 100.0), time.Waits.Select(wait => wait.TotalMilliseconds));
    }

    [Fact]
    public async Task Simulate_ServerWithoutMovies_SaysWhatToDo()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(200, """{"items":[]}"""));
        var run = await CliRun.OfAsync("simulate", "--server", server.Url);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("--catalogue synthetic:1000", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Simulate_CatalogueOfTheServer_IsReadPageByPage()
    {
        var movies = SyntheticCatalogue.Create(Movies, 5);
        string Page(int from, string? next) => JsonSerializer.Serialize(new
        {
            items = movies.Skip(from).Take(100).Select(movie => new { id = movie.Id, title = movie.Title, genres = movie.Genres, directors = movie.Directors, cast = movie.Cast, interactions = 3 }),
            next,
        });
        await using var server = await StubServer.StartAsync(request => request is { Path: "/v1/movies", Method: "GET" }
            ? new StubAnswer(200, request.Query.Contains("after", StringComparison.Ordinal) ? Page(100, null) : Page(0, "p2"))
            : Answer(request));
        var run = await CliRun.OfAsync("simulate", "--viewers", "10", "--events", "50", "--server", server.Url, "--json");

        Assert.Equal(0, run.Code);
        Assert.Equal(["?n=100", "?n=100&after=p2"], server.Requests.Where(request => request.Method == "GET" && request.Path == "/v1/movies").Select(request => request.Query));
    }

    [Theory]
    [InlineData("--viewers", "0")]
    [InlineData("--rate", "-1")]
    [InlineData("--catalogue", "synthetic:3")]
    [InlineData("--catalogue", "mine")]
    [InlineData("--server", "localhost")]
    public async Task Simulate_WrongOption_FailsWithASentence(string option, string value)
    {
        var run = await CliRun.OfAsync("simulate", option, value);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
    }

    private StubAnswer Answer(StubRequest request)
    {
        static string List(IEnumerable<string> movies) => JsonSerializer.Serialize(new { items = movies.Select(movie => new { movie, title = movie, score = 1 }) });
        if (request.Path == "/v1/popular")
        {
            return new StubAnswer(200, List(Enumerable.Range(1, 100).Select(number => $"s{number}")));
        }

        return request.Path.EndsWith("/recommendations", StringComparison.Ordinal)
            ? new StubAnswer(200, List(_audience.Favourites(int.Parse(request.Path.Split('-', '/')[4], System.Globalization.CultureInfo.InvariantCulture), 10)))
            : StubServer.TakeAll(request);
    }
}
