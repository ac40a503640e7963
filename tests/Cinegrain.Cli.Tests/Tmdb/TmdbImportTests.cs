using System.Text.Json;
using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests.Tmdb;

public sealed class TmdbImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tmdb_Lists_TakesEachFilmOnceWithTheFieldsOfTheCatalogueAlone()
    {
        await using var tmdb = await StubServer.StartAsync(Answer);
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await ImportAsync(tmdb, server, "--popular", "--top-rated", "--pages", "2", "--json");

        Assert.True(run.Code == 0, run.Error);
        var put = Assert.Single(server.Requests);
        Assert.Equal(["tmdb-1", "tmdb-2", "tmdb-3", "tmdb-4"], put.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()));
        using var movie = JsonDocument.Parse(put.Lines[0]);
        Assert.Equal(
            ["cast", "directors", "genres", "id", "language", "released", "title", "year"], movie.RootElement.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal("Film 1 1994-09-23 1994 en", string.Join(' ', new[] { "title", "released", "year", "language" }.Select(field => $"{movie.RootElement.GetProperty(field)}")));
        Assert.Equal(["Lead", "Second", "Third", "Fourth", "Fifth"], movie.RootElement.GetProperty("cast").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(["The Director"], movie.RootElement.GetProperty("directors").EnumerateArray().Select(name => name.GetString()));
        Assert.All(tmdb.Requests, request => Assert.Equal("Bearer a.b.c", request.Headers["Authorization"]));
        Assert.DoesNotContain(tmdb.Requests, request => request.Query.Contains("a.b.c", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tmdb_TooManyRequests_WaitsAsLongAsItIsTold()
    {
        var refused = false;
        await using var tmdb = await StubServer.StartAsync(request =>
        {
            if (request.Path == "/movie/2" && !refused)
            {
                refused = true;
                return new StubAnswer(429, "{}", RetryAfter: "7");
            }

            return Answer(request);
        });
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var time = new ImmediateTime();
        var run = await ImportAsync(time, tmdb, server, "--ids", Ids(1, 2));

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains(TimeSpan.FromSeconds(7), time.Waits);
        Assert.Equal(2, Assert.Single(server.Requests).Lines.Count);
    }

    [Fact]
    public async Task Tmdb_ManyRequests_ComeAtThePaceAskedFor()
    {
        await using var tmdb = await StubServer.StartAsync(Answer);
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var time = new ImmediateTime();
        await ImportAsync(time, tmdb, server, "--ids", Ids([.. Enumerable.Range(1, 20)]), "--rate", "10");

        // The clock stands still, so the turns lie ever further ahead: the last of 20 is 1.9 s after the first.
        Assert.Contains(TimeSpan.FromSeconds(1.9), time.Waits);
    }

    [Fact]
    public async Task Tmdb_CutOff_GoesOnWhereItWas()
    {
        var away = true;
        await using var tmdb = await StubServer.StartAsync(request => away && request.Path == "/movie/70" ? new StubAnswer(503, "") : Answer(request));
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var ids = Ids([.. Enumerable.Range(1, 120)]);

        var first = await ImportAsync(new ImmediateTime(), tmdb, server, "--ids", ids);
        Assert.Equal(ExitCode.Failure, first.Code);
        Assert.Contains("goes on from where it is", first.Error, StringComparison.Ordinal);
        away = false;
        var asked = tmdb.Requests.Count;
        var second = await ImportAsync(new ImmediateTime(), tmdb, server, "--ids", ids);

        Assert.True(second.Code == 0, second.Error);
        Assert.Equal(70, tmdb.Requests.Count - asked);
        Assert.Equal(120, server.Requests.SelectMany(request => request.Lines).Distinct().Count());
        Assert.Equal(120, server.Requests.Sum(request => request.Lines.Count));

        // Done; the same wish begins anew.
        await ImportAsync(new ImmediateTime(), tmdb, server, "--ids", ids);
        Assert.Equal(240, server.Requests.Sum(request => request.Lines.Count));
    }

    [Fact]
    public async Task Tmdb_Changes_TakesThoseOfTheCatalogueSinceTheLastRun()
    {
        await using var tmdb = await StubServer.StartAsync(Answer);
        await using var server = await StubServer.StartAsync(request => request.Method == "GET"
            ? new StubAnswer(200, """{"items":[{"id":"tmdb-2","title":"Film 2"},{"id":"m-1","title":"Other"}],"next":null}""")
            : StubServer.TakeAll(request));
        await File.WriteAllTextAsync(_folder["progress.json"], """{"changesFrom":"2026-01-01"}""");
        var run = await ImportAsync(tmdb, server, "--changes");

        Assert.True(run.Code == 0, run.Error);
        Assert.Equal("tmdb-2", JsonDocument.Parse(Assert.Single(server.Requests, request => request.Method == "POST").Lines.Single()).RootElement.GetProperty("id").GetString());
        var spans = tmdb.Requests.Where(request => request.Path == "/movie/changes").Select(request => request.Query).ToList();
        Assert.StartsWith("?start_date=2026-01-01&end_date=2026-01-14&page=1", spans[0], StringComparison.Ordinal);
        var today = DateTime.UtcNow.ToString("yyyy-MM-dd");
        Assert.Contains($"end_date={today}", spans[^1], StringComparison.Ordinal);
        Assert.Contains($"\"changesFrom\":\"{today}\"", await File.ReadAllTextAsync(_folder["progress.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tmdb_FilmThatIsNone_IsLeftOutAndCounted()
    {
        await using var tmdb = await StubServer.StartAsync(request => request.Path switch
        {
            "/movie/1" => new StubAnswer(404, "{}"),
            "/movie/2" => new StubAnswer(200, """{"id":2,"title":"Adults","adult":true}"""),
            _ => Answer(request),
        });
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await ImportAsync(tmdb, server, "--ids", Ids(1, 2, 3));

        Assert.True(run.Code == 0, run.Error);
        Assert.Single(Assert.Single(server.Requests).Lines);
        Assert.Contains("2 ids are none", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tmdb_KeyIsRefused_SaysWhereToGetOne()
    {
        await using var tmdb = await StubServer.StartAsync(_ => new StubAnswer(401, "{}"));
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await ImportAsync(tmdb, server, "--popular");
        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("themoviedb.org/settings/api", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("a.b.c", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--years", "199x")]
    [InlineData("--years", "2000-1990")]
    public async Task Tmdb_YearsThatAreNone_SaysWhatIs(string option, string value)
    {
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await ImportAsync(server, server, option, value);
        Assert.Contains("1990-1999", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tmdb_Years_AsksForEach()
    {
        await using var tmdb = await StubServer.StartAsync(Answer);
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        await ImportAsync(tmdb, server, "--years", "1994-1996", "--pages", "1");
        Assert.Equal(["1994", "1995", "1996"], tmdb.Requests.Where(request => request.Path == "/discover/movie").Select(request => request.Query.Split("primary_release_year=")[1][..4]));
    }

    private static StubAnswer Answer(StubRequest request) => request.Path switch
    {
        "/movie/popular" when request.Query.Contains("page=1", StringComparison.Ordinal) => new StubAnswer(200, """{"results":[{"id":1},{"id":2},{"id":99,"adult":true}],"total_pages":2}"""),
        "/movie/popular" => new StubAnswer(200, """{"results":[{"id":3}],"total_pages":2}"""),
        "/movie/top_rated" or "/discover/movie" => new StubAnswer(200, """{"results":[{"id":2},{"id":4}],"total_pages":1}"""),
        "/movie/changes" => new StubAnswer(200, """{"results":[{"id":2,"adult":false},{"id":777,"adult":null}],"total_pages":1}"""),
        _ => new StubAnswer(200, $$"""
            {"id":{{request.Path.Split('/')[^1]}},"title":"Film {{request.Path.Split('/')[^1]}}","original_language":"en","release_date":"1994-09-23","budget":5,"overview":"long",
            "genres":[{"id":18,"name":"Drama"}],"credits":{"cast":[{"name":"Second","order":1},{"name":"Lead","order":0},{"name":"Third","order":2},{"name":"Fourth","order":3},
            {"name":"Fifth","order":4},{"name":"Sixth","order":5}],"crew":[{"name":"The Director","job":"Director"},{"name":"Somebody","job":"Producer"}] } }
            """),
    };

    private string Ids(params int[] ids)
    {
        File.WriteAllLines(_folder["ids.txt"], ids.Select(id => $"{id}"));
        return _folder["ids.txt"];
    }

    private Task<CliRun> ImportAsync(StubServer tmdb, StubServer server, params string[] options) => ImportAsync(TimeProvider.System, tmdb, server, options);

    private Task<CliRun> ImportAsync(TimeProvider time, StubServer tmdb, StubServer server, params string[] options)
    {
        File.WriteAllText(_folder["key"], "a.b.c\n");
        return CliRun.OfAsync(
            time, null, ["import", "tmdb", "--tmdb-url", tmdb.Url, "--server", server.Url, "--key-file", _folder["key"], "--progress", _folder["progress.json"], .. options]);
    }
}
