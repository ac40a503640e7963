using System.Text.Json;
using Cinegrain.Api.Security;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Ingest;
using Cinegrain.Model.Ports;

namespace Cinegrain.Cli.Tests.Keys;

public sealed class KeysCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Create_PrintsAKeyThatTheStoreKnowsAndKeepsIt_Nowhere()
    {
        var run = await CliRun.OfAsync("keys", "create", "--scope", "write", "--name", "site", "--data", _folder.Path);

        Assert.Equal(0, run.Code);
        var key = run.Out.Trim();
        var info = new ApiKeyStore(_folder.Path).Verify(key);
        Assert.Equal(("site", ApiScope.Write), (info!.Name, info.Scope));
        Assert.All(Directory.GetFiles(_folder.Path), file => Assert.DoesNotContain(key, File.ReadAllText(file), StringComparison.Ordinal));
        Assert.DoesNotContain(key, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_AndRevoke_ByTheId()
    {
        var made = await CliRun.OfAsync("keys", "create", "--scope", "read", "--name", "site [beta]", "--days", "30", "--data", _folder.Path, "--json");
        using var created = JsonDocument.Parse(made.Out);
        var id = created.RootElement.GetProperty("info").GetProperty("id").GetString()!;

        var table = await CliRun.OfAsync("keys", "list", "--data", _folder.Path);
        var list = await CliRun.OfAsync("keys", "list", "--data", _folder.Path, "--json");
        Assert.Contains("site [beta]", table.Out, StringComparison.Ordinal);
        using var rows = JsonDocument.Parse(list.Out);
        Assert.Equal("read", rows.RootElement[0].GetProperty("scope").GetString());
        Assert.NotEqual(JsonValueKind.Null, rows.RootElement[0].GetProperty("expires").ValueKind);

        Assert.Equal(0, (await CliRun.OfAsync("keys", "revoke", id, "--data", _folder.Path)).Code);
        Assert.Null(new ApiKeyStore(_folder.Path).Verify(created.RootElement.GetProperty("key").GetString()));
        var again = await CliRun.OfAsync("keys", "revoke", id, "--data", _folder.Path);
        Assert.Equal(ExitCode.Failure, again.Code);
        Assert.Contains("keys list", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_BrokenFile_FailsWithWhatToDo()
    {
        await File.WriteAllTextAsync(_folder[ApiKeyStore.FileName], "not keys");
        var run = await CliRun.OfAsync("keys", "list", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("Restore it from a backup", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RotatePseudonyms_KnownUsersKeepTheirPseudonym_NewOnesGetTheNewKey()
    {
        var before = new Pseudonymizer(PseudonymKeys.LoadOrCreate(_folder[PseudonymKeys.FileName])).Pseudonym("ann");

        var run = await CliRun.OfAsync("keys", "rotate-pseudonyms", "--data", _folder.Path, "--json");

        Assert.Equal((0, ""), (run.Code, run.Error));
        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal(2, json.RootElement.GetProperty("id").GetInt32());
        var after = new Pseudonymizer(PseudonymKeys.Load(_folder[PseudonymKeys.FileName]), pseudonym => pseudonym == before);
        Assert.Equal(before, after.Pseudonym("ann"));
        Assert.StartsWith("u2-", after.Pseudonym("bob"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RotatePseudonyms_RecordsNotLearnedYet_ChangesNothing()
    {
        PseudonymKeys.LoadOrCreate(_folder[PseudonymKeys.FileName]);
        await using (var log = SqliteLog.Open(_folder.Path, new SqliteLogOptions(), TimeProvider.System))
        {
            await log.AppendAsync([new LogEntry(Topics.Interactions, "u1-a", new byte[] { 1 })], CancellationToken.None);
        }

        var run = await CliRun.OfAsync("keys", "rotate-pseudonyms", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("start the server", run.Error, StringComparison.Ordinal);
        Assert.Single(PseudonymKeys.Load(_folder[PseudonymKeys.FileName]));
    }

    [Fact]
    public async Task RotatePseudonyms_ServerRuns_ChangesNothing()
    {
        PseudonymKeys.LoadOrCreate(_folder[PseudonymKeys.FileName]);
        using var server = DataFolder.Open(_folder.Path);

        var run = await CliRun.OfAsync("keys", "rotate-pseudonyms", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("in use", run.Error, StringComparison.Ordinal);
        Assert.Single(PseudonymKeys.Load(_folder[PseudonymKeys.FileName]));
    }

    [Fact]
    public async Task CreatePseudonyms_Twice_MakesAKeyOnceAndKeepsIt()
    {
        var first = await CliRun.OfAsync("keys", "create-pseudonyms", "--data", _folder["gateways"]);
        var path = Path.Combine(_folder["gateways"], PseudonymKeys.FileName);
        var made = await File.ReadAllBytesAsync(path);
        var second = await CliRun.OfAsync("keys", "create-pseudonyms", "--data", _folder["gateways"]);

        Assert.Equal((0, ExitCode.Failure), (first.Code, second.Code));
        Assert.Single(PseudonymKeys.Load(path));
        Assert.Equal(made, await File.ReadAllBytesAsync(path));
        Assert.Contains("rotate-pseudonyms", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RotatePseudonyms_NoKeyFile_SaysWhatToName()
    {
        var run = await CliRun.OfAsync("keys", "rotate-pseudonyms", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("--data", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_UnknownScope_FailsWithASentence()
    {
        var run = await CliRun.OfAsync("keys", "create", "--scope", "root", "--data", _folder.Path);

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
