using System.Net;
using System.Net.Sockets;
using Cinegrain.Api.Security;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>What the host refuses to start with: exit code 1, and a sentence on standard error that says what to do.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("--partitions is '0'", "--partitions", "0")]
    [InlineData("--resident-users is 'many'", "--resident-users", "many")]
    [InlineData("--checkpoint-seconds is '-1'", "--checkpoint-seconds", "-1")]
    [InlineData("--test-share is '2'", "--test-share", "2")]
    [InlineData("--explore-share is '0.9'", "--explore-share", "0.9")]
    [InlineData("--key-rate is 'NaN'", "--key-rate", "NaN")]
    [InlineData("--log is 'tape'", "--log", "tape")]
    [InlineData("security protocol is 'tls'", "--log", "kafka", "--kafka-security", "tls")]
    [InlineData("--kafka-replication is '0'", "--kafka-replication", "0")]
    [InlineData("--store is 'tape'", "--store", "tape")]
    [InlineData("--urls has 'localhost:80'", "--urls", "localhost:80")]
    [InlineData("OtlpEndpoint", "--otlp-endpoint", "nowhere")]
    [InlineData("--lockstep needs one partition", "--lockstep", "--partitions", "4")]
    [InlineData("--no-such-option", "--no-such-option")]
    public async Task Start_BadOption_IsNamed(string sentence, params string[] options)
    {
        using var folder = new TestFolder();

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, options);

        AssertRefused(refused, sentence);
    }

    [Fact]
    public async Task Help_OfTheHost_TellsDefaults()
    {
        using var folder = new TestFolder();

        await using var host = StandaloneProcess.Launch(folder.Path, ["--help"]);

        Assert.Equal(0, await host.Exited.WaitAsync(StandaloneProcess.Limit));
        Assert.Contains($"[default: {new Cinegrain.Embedded.Engine.EngineOptions().ResidentUsers}]", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SeveralBadOptions_NamesEach()
    {
        using var folder = new TestFolder();

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, ["--partitions", "x", "--test-share", "y"]);

        AssertRefused(refused, "--partitions is 'x'", "--test-share is 'y'");
    }

    [Fact]
    public async Task Start_UnknownOrBadSettingOfTheEnvironment_IsNamed()
    {
        using var folder = new TestFolder();
        var environment = new Dictionary<string, string> { ["Cinegrain__Nonsense"] = "1", ["CINEGRAIN_TEST_SHARE"] = "much" };

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, [], environment);

        AssertRefused(refused, "there is no setting 'Nonsense'", "--test-share is 'much'");
    }

    [Fact]
    public async Task Start_SwitchTurnedOff_GoesBeforeTheEnvironment()
    {
        using var folder = new TestFolder();
        var environment = new Dictionary<string, string> { ["CINEGRAIN_LOCKSTEP"] = "true", ["CINEGRAIN_PARTITIONS"] = "2" };

        AssertRefused(await StandaloneProcess.RefusedAsync(folder.Path, [], environment), "--lockstep needs one partition");
        await using var host = StandaloneProcess.Launch(folder.Path, ["--lockstep", "false"], environment);
        await host.ListenAsync();
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://127.0.0.1:0;http://0.0.0.0:0")]
    public async Task Start_WithoutKeyOnAnOpenAddress_IsRefused(string urls)
    {
        using var folder = new TestFolder();

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, ["--urls", urls]);

        AssertRefused(refused, "Refusing to listen on", "cinegrain keys create --scope admin --data");
    }

    [Fact]
    public async Task Start_WithKeyOnAnOpenAddress_Listens()
    {
        using var folder = new TestFolder();
        var key = new ApiKeyStore(folder.Path, TimeProvider.System).Create("test", ApiScope.Admin).Key;

        await using var host = StandaloneProcess.Launch(folder.Path, ["--urls", "http://0.0.0.0:0"]);
        await host.ListenAsync();
        var port = host.Client.BaseAddress!.Port;
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var without = await client.GetAsync("/v1/popular");
        client.DefaultRequestHeaders.Add("X-Api-Key", key);
        var with = await client.GetAsync("/v1/popular");

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (without.StatusCode, with.StatusCode));
        Assert.DoesNotContain(key, host.Output + host.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortInUse_IsRefused()
    {
        using var folder = new TestFolder();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, ["--urls", $"http://{other.LocalEndpoint}"]);

        AssertRefused(refused, "address already in use", "choose another address with --urls");
    }

    [Fact]
    public async Task Start_FolderInUse_IsRefusedAndTheFirstGoesOn()
    {
        using var folder = new TestFolder();
        await using var first = await StandaloneProcess.StartReadyAsync(folder.Path);

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, []);

        AssertRefused(refused, "is in use by process", "choose another folder");
        await Films.PutAsync(first);
    }

    [Fact]
    public async Task Start_FolderOfANewerVersion_IsRefused()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder.File("format"), $"{DataFolder.Format + 1}\n");

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, []);

        AssertRefused(refused, "made by a newer version of Cinegrain", "Use the newer version, or choose another folder");
    }

    [Theory]
    [InlineData("log.db", "Restore the whole data folder from a backup")]
    [InlineData("state.db", "delete state.db")]
    [InlineData("format", "Restore the data folder from a backup")]
    [InlineData("pseudonyms.json", "pseudonyms.json")]
    [InlineData("keys.json", "keys.json")]
    public async Task Start_FileOverwrittenWithRubbish_IsRefusedAndLeftAlone(string name, string advice)
    {
        using var folder = new TestFolder();
        await FillAsync(folder);
        var rubbish = new byte[40_000];
        new Random(1).NextBytes(rubbish);
        await File.WriteAllBytesAsync(folder.File(name), rubbish);

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, []);

        AssertRefused(refused, name, advice);
        Assert.Equal(rubbish, await File.ReadAllBytesAsync(folder.File(name)));
    }

    [Theory]
    [InlineData("log.db", "Restore the whole data folder from a backup")]
    [InlineData("state.db", "delete state.db")]
    public async Task Start_DatabaseCutShort_IsRefused(string name, string advice)
    {
        using var folder = new TestFolder();
        await FillAsync(folder);
        await using (var file = File.OpenWrite(folder.File(name)))
        {
            file.SetLength(file.Length / 2);
        }

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, []);

        AssertRefused(refused, name, advice);
    }

    [Fact]
    public async Task Start_FileInPlaceOfTheFolder_IsRefused()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder.File("data"), "");

        var refused = await StandaloneProcess.RefusedAsync(folder.File("data"), []);

        AssertRefused(refused, "cannot be written", "choose another folder");
    }

    [MountFact]
    public async Task Start_ReadOnlyFolder_IsRefused()
    {
        using var mount = new TestMount("8m");
        await FillAsync(mount.Path);
        mount.MakeReadOnly();

        var refused = await StandaloneProcess.RefusedAsync(mount.Path, []);

        AssertRefused(refused, "cannot be written", "choose another folder");
    }

    [MountFact]
    public async Task Start_FullDisk_IsRefused()
    {
        using var mount = new TestMount("1m");
        mount.Fill();

        var refused = await StandaloneProcess.RefusedAsync(mount.Path, []);

        AssertRefused(refused, mount.Path);
    }

    [Fact]
    public async Task Start_OtherNumberOfPartitions_IsRefused()
    {
        using var folder = new TestFolder();
        await FillAsync(folder);

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, ["--partitions", "7"]);

        AssertRefused(refused, "has 4 partitions, which is fixed", "start a new data folder");
    }

    [Fact]
    public async Task Start_LockstepOnAFolderOfFourPartitions_IsRefused()
    {
        using var folder = new TestFolder();
        await FillAsync(folder);

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, ["--lockstep"]);

        AssertRefused(refused, "4 partitions");
    }

    [Fact]
    public async Task Start_StateOfAnotherLog_IsRefused()
    {
        using var folder = new TestFolder();
        using var other = new TestFolder();
        await FillAsync(folder);
        await FillAsync(other);
        File.Copy(other.File("state.db"), folder.File("state.db"), overwrite: true);

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, []);

        AssertRefused(refused, "was built from the log", "or delete state.db to rebuild it from this log");
    }

    [Fact]
    public async Task Start_StateDeleted_RebuildsTheSameUsersFromTheLog()
    {
        using var folder = new TestFolder();
        await FillAsync(folder);
        foreach (var file in Directory.GetFiles(folder.Path, "state.db*"))
        {
            File.Delete(file);
        }

        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path))
        {
            Assert.Equal(0, await host.StopAsync());
        }

        using var reference = await Reference.ReadAsync(folder.Path);
        Assert.Equal(20, reference.Users.Count);
        await reference.AssertStoredAsync(folder.Path);
    }

    /// <summary>Makes a folder with a catalogue and a little history.</summary>
    private static Task FillAsync(TestFolder folder) => FillAsync(folder.Path);

    private static async Task FillAsync(string folder)
    {
        await using var host = await StandaloneProcess.StartReadyAsync(folder);
        await Films.PutAsync(host);
        var random = new Random(3);
        var lines = Enumerable.Range(0, 300).Select(i => Films.Rate($"viewer-{i % 20}", Films.Catalogue[random.Next(Films.Catalogue.Count)].Id, 4));
        await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines), HttpStatusCode.Accepted);
        Assert.Equal(0, await host.StopAsync());
    }

    private static void AssertRefused((int Code, string Errors) refused, params string[] sentences)
    {
        Assert.Equal(1, refused.Code);
        Assert.All(sentences, sentence => Assert.Contains(sentence, refused.Errors, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", refused.Errors, StringComparison.Ordinal);
    }
}
