using System.IO.Compression;
using System.Text.Json;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Ingest;

namespace Cinegrain.Cli.Tests.Importing;

public sealed class ImportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task MovieLens_TakesMoviesThenRatingsInOrderOfTime()
    {
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await CliRun.OfAsync("import", "movielens", DataSet(), "--server", server.Url, "--json");

        Assert.Equal(0, run.Code);
        Assert.Equal(["/v1/movies", "/v1/interactions"], server.Requests.Select(request => request.Path));
        Assert.All(server.Requests, request => Assert.Equal("application/x-ndjson", request.Headers["Content-Type"]));
        using var movie = JsonDocument.Parse(server.Requests[0].Lines[0]);
        Assert.Equal("First", movie.RootElement.GetProperty("title").GetString());
        Assert.Equal(1990, movie.RootElement.GetProperty("year").GetInt32());
        Assert.Equal(["u2 B", "u1 A", "u1 B"], server.Requests[1].Lines.Select(line =>
        {
            using var interaction = JsonDocument.Parse(line);
            return $"{interaction.RootElement.GetProperty("user").GetString()} {interaction.RootElement.GetProperty("movie").GetString()}";
        }));
        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal(2, json.RootElement.GetProperty("movies").GetInt32());
        Assert.Equal(3, json.RootElement.GetProperty("interactions").GetInt32());
        Assert.Equal("0:9", json.RootElement.GetProperty("position").GetString());
    }

    [Fact]
    public async Task MovieLens_ImportedAgain_SendsTheSameKeys()
    {
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var data = _folder.WriteDataSet("many", GroupedRatings.Movies, GroupedRatings.Create(2500, 50, seed: 1));
        await CliRun.OfAsync("import", "movielens", data, "--server", server.Url);
        await CliRun.OfAsync("import", "movielens", data, "--server", server.Url);

        var keys = server.Requests.Where(request => request.Path == "/v1/interactions").Select(request => request.Headers["Idempotency-Key"]).ToList();
        Assert.Equal(6, keys.Count);
        Assert.Equal(3, keys.Distinct().Count());
        Assert.Equal(keys[..3], keys[3..]);
    }

    [Fact]
    public async Task Ndjson_RefusedLines_AreCountedByReasonWithTheLineOfTheFile()
    {
        // Lines 2 and 4 of the file are blank, so the second line of the request is line 3 of the file.
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{\"a\":1}\n\n{\"a\":2}\n\n{\"a\":3}\n");
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(
            202, """{"accepted":1,"ids":["x"],"position":"0:1","rejected":[{"line":2,"reason":"unknown-movie","detail":"Add it first."},{"line":3,"reason":"unknown-movie","detail":"Add it first."}]}"""));
        var run = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", server.Url);

        Assert.Equal(ExitCode.SomeRefused, run.Code);
        var row = Assert.Single(run.Out.Split('\n'), line => line.Contains("unknown-movie", StringComparison.Ordinal));
        Assert.Equal(["Refused interaction: unknown-movie", "2", "3", "Add it first."], row.Split('│', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Ndjson_EveryLineRefused_IsNoFailureOfTheImport()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(
            422, """{"title":"Nothing was accepted","detail":"None.","rejected":[{"line":1,"reason":"missing-field","detail":"user is missing"}]}"""));
        var run = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", server.Url, "--json");

        Assert.Equal(ExitCode.SomeRefused, run.Code);
        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal("missing-field", json.RootElement.GetProperty("refused")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task ToKafka_NoKeyOfPseudonyms_IsRefusedAndMakesNone()
    {
        var run = await CliRun.OfAsync("import", "movielens", DataSet(), "--to", "kafka", "--kafka-bootstrap", "127.0.0.1:1", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("pseudonyms.json is not there: name the data folder of the server with --data", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["pseudonyms.json"]));
    }

    [Fact]
    public async Task ToKafka_SeveralKeysOfPseudonyms_IsRefused()
    {
        PseudonymKeys.LoadOrCreate(_folder["pseudonyms.json"]);
        PseudonymKeys.Rotate(_folder["pseudonyms.json"]);
        var run = await CliRun.OfAsync("import", "movielens", DataSet(), "--to", "kafka", "--kafka-bootstrap", "127.0.0.1:1", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("has 2 keys", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Csv_WithMoviesAndColumns_SendsBoth()
    {
        await File.WriteAllTextAsync(_folder["movies.ndjson"], """{"id":"A","title":"First"}""" + "\n");
        await File.WriteAllTextAsync(_folder["events.csv"], "who,item,stars\nu,A,4\n");
        await using var server = await StubServer.StartAsync(StubServer.TakeAll);
        var run = await CliRun.OfAsync(
            "import", "csv", _folder["events.csv"], "--movies", _folder["movies.ndjson"], "--kind", "rate", "--columns", "user=who,movie=item,value=stars", "--server", server.Url);

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(["/v1/movies", "/v1/interactions"], server.Requests.Select(request => request.Path));
        using var line = JsonDocument.Parse(server.Requests[1].Lines[0]);
        Assert.Equal("rate", line.RootElement.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Csv_UnknownField_FailsWithASentence()
    {
        await File.WriteAllTextAsync(_folder["events.csv"], "user,movie,kind\n");
        var run = await CliRun.OfAsync("import", "csv", _folder["events.csv"], "--columns", "film=item");

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("field=column", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ServerIsBusy_WaitsAsLongAsItSaysAndSendsTheSameAgain()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        var time = new ImmediateTime();
        var answers = new Queue<StubAnswer>([new(503, "{}", "7"), new(429, "{}", "3"), new(503, "{}")]);
        await using var server = await StubServer.StartAsync(request => answers.TryDequeue(out var answer) ? answer : StubServer.TakeAll(request));
        var run = await CliRun.OfAsync(time, null, "import", "ndjson", _folder["events.ndjson"], "--server", server.Url);

        Assert.Equal(0, run.Code);
        Assert.Equal([7, 3, 2], time.Waits.Select(wait => wait.TotalSeconds));
        Assert.Equal(4, server.Requests.Count);
        Assert.Single(server.Requests.Select(request => (request.Body, request.Headers["Idempotency-Key"])).Distinct());
    }

    [Fact]
    public async Task Import_ServerStaysBusy_GivesUp()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(503, """{"title":"Not available now","detail":"The disk is full."}""", "1"));
        var run = await CliRun.OfAsync(new ImmediateTime(), null, "import", "ndjson", _folder["events.ndjson"], "--server", server.Url);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("The disk is full.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_NoServer_SaysHowToStartOne()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        string url;
        await using (var server = await StubServer.StartAsync(StubServer.TakeAll))
        {
            url = server.Url;
        }

        var run = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", url);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("dotnet run --project src/Standalone", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_KeyNeeded_SaysHowToGiveOne()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        await using var server = await StubServer.StartAsync(request => request.Headers.ContainsKey("Authorization")
            ? StubServer.TakeAll(request)
            : new StubAnswer(401, """{"title":"An API key is needed"}"""));

        var without = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", server.Url);
        var with = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", server.Url, "--key", "cgk_a");

        Assert.Equal((ExitCode.Failure, ExitCode.Success), (without.Code, with.Code));
        Assert.Contains("CINEGRAIN_KEY", without.Error, StringComparison.Ordinal);
        Assert.Equal("Bearer cgk_a", server.Requests[^1].Headers["Authorization"]);
    }

    [Fact]
    public async Task Import_SomethingElseAnswers_SaysSo()
    {
        await File.WriteAllTextAsync(_folder["events.ndjson"], "{}\n");
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(200, "<html>"));
        var run = await CliRun.OfAsync("import", "ndjson", _folder["events.ndjson"], "--server", server.Url);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("not a Cinegrain server", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MovieLens_ByName_ShowsTheLicenceAndFetchesOnceItIsAccepted()
    {
        await using var server = await StubServer.StartAsync(request => request.Path == "/ml-latest-small.zip"
            ? new StubAnswer(200, "", Bytes: Zip())
            : StubServer.TakeAll(request));
        string[] arguments = ["import", "movielens", "small", "--mirror", server.Url, "--cache", _folder["cache"], "--server", server.Url];

        var refused = await CliRun.OfAsync(TimeProvider.System, "no", arguments);
        Assert.Equal(ExitCode.Failure, refused.Code);
        Assert.Contains("University of Minnesota", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--yes", refused.Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);

        var accepted = await CliRun.OfAsync(TimeProvider.System, "yes", arguments);
        Assert.Equal(0, accepted.Code);
        Assert.Equal(["/ml-latest-small.zip", "/v1/movies", "/v1/interactions"], server.Requests.Select(request => request.Path));

        // It is here now: nobody is asked, nothing is fetched.
        Assert.Equal(0, (await CliRun.OfAsync(arguments)).Code);
        Assert.Single(server.Requests, request => request.Method == "GET");
    }

    [Fact]
    public async Task MovieLens_DownloadFails_SaysWhatToDoAndLeavesNothing()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(404, ""));
        var run = await CliRun.OfAsync("import", "movielens", "latest", "--yes", "--mirror", server.Url, "--cache", _folder["cache"]);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("name its path", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder["cache"]));
    }

    private string DataSet() => _folder.WriteDataSet(
        "tiny", ["A,First (1990),Drama", "B,Second (1991),War"], ["u1,A,5,1500000100", "u1,B,3,1500000200", "u2,B,4,1500000000"]);

    private byte[] Zip()
    {
        using var bytes = new MemoryStream();
        ZipFile.CreateFromDirectory(DataSet(), bytes);
        return bytes.ToArray();
    }
}
