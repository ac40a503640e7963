using System.Text.Json;
using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests.Users;

public sealed class UserCommandTests : IDisposable
{
    private const string Report = """{"user":"a/b","position":"0:3","at":"2024-05-01T20:15:00Z","removed":{"state":1,"log records":2},"remaining":[{"what":"tombstone","why":"So that a replay does not bring the user back."}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Export_WritesWhatTheServerSends()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(200, """{"user":"a/b","records":[]}"""));
        var toFile = await CliRun.OfAsync("export", "--user", "a/b", "--out", _folder["export.json"], "--server", server.Url);
        var toOut = await CliRun.OfAsync("export", "--user", "a/b", "--server", server.Url);

        Assert.Equal((0, 0), (toFile.Code, toOut.Code));
        Assert.Equal("""{"user":"a/b","records":[]}""", await File.ReadAllTextAsync(_folder["export.json"]));
        Assert.Equal("""{"user":"a/b","records":[]}""", toOut.Out.TrimEnd());
        Assert.Equal("/v1/users/a%2Fb/export", server.Requests[0].Path);
    }

    [Fact]
    public async Task Export_UnknownUser_FailsAndWritesNoFile()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(404, """{"title":"There is no such thing","detail":"Nothing is known of this user."}"""));
        var run = await CliRun.OfAsync("export", "--user", "nobody", "--out", _folder["export.json"], "--server", server.Url);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("Nothing is known of this user.", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["export.json"]));
    }

    [Fact]
    public async Task Erase_AsksFirst()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(200, Report));
        var nobody = await CliRun.OfAsync("erase", "--user", "a/b", "--server", server.Url);
        var no = await CliRun.OfAsync(TimeProvider.System, "no", "erase", "--user", "a/b", "--server", server.Url);

        Assert.Equal((ExitCode.Failure, ExitCode.Failure), (nobody.Code, no.Code));
        Assert.Empty(server.Requests);

        var yes = await CliRun.OfAsync(TimeProvider.System, "yes", "erase", "--user", "a/b", "--server", server.Url);
        Assert.Equal(0, yes.Code);
        Assert.Equal("DELETE", Assert.Single(server.Requests).Method);
        Assert.Contains("log records", yes.Out, StringComparison.Ordinal);
        Assert.Contains("tombstone", yes.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Erase_AsJson_IsTheReport()
    {
        await using var server = await StubServer.StartAsync(_ => new StubAnswer(200, Report));
        var run = await CliRun.OfAsync("erase", "--user", "a/b", "--yes", "--json", "--server", server.Url);

        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal(2, json.RootElement.GetProperty("removed").GetProperty("log records").GetInt32());
    }
}
