using System.Net;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The host on the embedded log with its states in a real Elasticsearch.</summary>
public sealed class ElasticsearchStoreTests
{
    private const string User = "customer-4711@example.org", Other = "customer-4712@example.org";

    private static readonly TimeSpan LongStop = TimeSpan.FromSeconds(4);

    [ElasticsearchFact]
    public async Task Start_IndicesWereDeleted_RebuildsTheSameStateFromTheLog()
    {
        using var folder = new TestFolder();
        await using var server = new TestElasticsearch();
        string before;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, server.Options))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 25);
            await LearnAsync(host, Other, 10, 25);
            before = (await host.GetAsync($"/v1/users/{User}/profile")).GetRawText();
            Assert.Equal(0, await host.StopAsync());
        }

        await server.DeleteAsync("*");
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, server.Options))
        {
            Assert.Equal(before, (await host.GetAsync($"/v1/users/{User}/profile")).GetRawText());
            Assert.Equal(0, await host.StopAsync());
        }

        using var reference = await Reference.ReadAsync(folder.Path);
        await using var store = server.OpenStore();
        await reference.AssertStoredAsync(store);
    }

    [ElasticsearchFact]
    public async Task Start_IndicesOfAnotherLog_IsRefused()
    {
        using var folder = new TestFolder();
        using var other = new TestFolder();
        await using var server = new TestElasticsearch();
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, server.Options))
        {
            Assert.Equal(0, await host.StopAsync());
        }

        var (code, errors) = await StandaloneProcess.RefusedAsync(other.Path, server.Options);
        Assert.Equal(1, code);
        Assert.Contains("were built from the log", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NoElasticsearchThere_IsRefusedWithASentence()
    {
        using var folder = new TestFolder();
        var (code, errors) = await StandaloneProcess.RefusedAsync(folder.Path, ["--store", "elasticsearch", "--elasticsearch-urls", "http://127.0.0.1:9"]);
        Assert.Equal(1, code);
        Assert.Contains("cinegrain: http://127.0.0.1:9/ cannot be reached", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SettingsOfElasticsearchCannotBe_IsRefusedWithASentence()
    {
        using var folder = new TestFolder();
        var (code, errors) = await StandaloneProcess.RefusedAsync(
            folder.Path, ["--store", "elasticsearch", "--elasticsearch-fingerprint", "abc", "--elasticsearch-urls", "http://127.0.0.1:9"]);
        Assert.Equal(1, code);
        Assert.Contains("64 hex digits", errors, StringComparison.Ordinal);
    }

    [ElasticsearchFact]
    public async Task Run_ElasticsearchIsAwayForAWhile_AnswersFromMemoryAndCatchesUpAlone()
    {
        using var folder = new TestFolder();
        await using var server = new TestElasticsearch();
        await using var gateway = new Gateway(new Uri(TestElasticsearch.Url!));
        string[] options =
        [
            "--store", "elasticsearch", "--elasticsearch-urls", $"{gateway.Url}", "--elasticsearch-prefix", server.Prefix, "--checkpoint-seconds", "0.2", "--resident-users", "1000",
        ];
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 20);
            await LearnAsync(host, Other, 10, 20);

            await gateway.ShutAsync();
            await LearnAsync(host, User, 20, 20);
            await LearnAsync(host, User, 40, 20);
            Assert.Equal(10, (await host.GetAsync($"/v1/users/{Other}/recommendations")).GetProperty("items").GetArrayLength());
            using (var refused = await host.Client.GetAsync("/v1/users/not-in-memory/recommendations"))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
                Assert.NotNull(refused.Headers.RetryAfter);
            }

            using (var audited = await host.Client.GetAsync($"/v1/users/{User}/export"))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, audited.StatusCode);
            }

            gateway.Reopen();
            await StandaloneProcess.UntilAsync(async () => (await host.Client.GetAsync("/v1/users/not-in-memory/recommendations")).StatusCode == HttpStatusCode.OK);
            await LearnAsync(host, Other, 60, 20);
            Assert.Equal(60, (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("interactions").GetInt32());
            var pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
            await StandaloneProcess.UntilAsync(async () => (await server.FindAsync(pseudonym)).Count(document => document.Index.Contains("-interactions-", StringComparison.Ordinal)) == 60);

            // A stop waits for its last checkpoint.
            await gateway.ShutAsync();
            await LearnAsync(host, Other, 80, 20);
            var stopping = host.StopAsync();
            Assert.NotSame(stopping, await Task.WhenAny(stopping, Task.Delay(LongStop, TimeProvider.System)));
            gateway.Reopen();
            Assert.Equal(0, await stopping);
        }

        using var reference = await Reference.ReadAsync(folder.Path);
        await using var store = server.OpenStore();
        await reference.AssertStoredAsync(store);
    }

    [ElasticsearchFact]
    public async Task Delete_User_LeavesATombstoneAlone()
    {
        using var folder = new TestFolder();
        await using var server = new TestElasticsearch();
        string[] options = [.. server.Options, "--checkpoint-seconds", "0.2"];
        string pseudonym;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, options))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 30);
            await LearnAsync(host, Other, 10, 30);
            await host.PutAsync($"/v1/users/{User}/consent", """{"learning":true}""");
            pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
            await StandaloneProcess.UntilAsync(async () => (await server.FindAsync(pseudonym)).Exists(document => document.Index.Contains("-interactions-", StringComparison.Ordinal)));
            Assert.Empty(await server.FindAsync(User));

            // Their documents are on the way when the erasure comes.
            await LearnAsync(host, User, 40, 60);

            await StandaloneProcess.ReadAsync(await host.Client.DeleteAsync($"/v1/users/{User}"), HttpStatusCode.OK);

            await AssertTombstoneAsync(server, pseudonym);
            Assert.Equal(0, await host.StopAsync());
            Assert.DoesNotContain(pseudonym, host.Output + host.Errors, StringComparison.Ordinal);
        }

        await AssertTombstoneAsync(server, pseudonym);
        await server.DeleteAsync("*");
        await using var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path, options);
        Assert.Equal(HttpStatusCode.NotFound, (await rebuilt.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode);
        Assert.Equal(30, (await rebuilt.GetAsync($"/v1/users/{Other}/profile")).GetProperty("interactions").GetInt32());
        Assert.Equal(0, await rebuilt.StopAsync());
        Assert.All(await server.FindAsync(pseudonym), AssertTombstone);
    }

    private static async Task AssertTombstoneAsync(TestElasticsearch server, string pseudonym) =>
        AssertTombstone(Assert.Single(await server.FindAsync(pseudonym)));

    private static void AssertTombstone((string Index, string Id, string Source) document)
    {
        Assert.Contains("-users-", document.Index, StringComparison.Ordinal);
        Assert.Matches("""^\{"position":\d+,"erased":true\}$""", document.Source);
    }

    private static async Task LearnAsync(StandaloneProcess host, string user, int first, int count)
    {
        var lines = Films.Catalogue.Skip(first).Take(count).Select(movie => Films.Rate(user, movie.Id, 4));
        var receipt = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines), HttpStatusCode.Accepted);
        await host.GetAsync($"/v1/users/{user}/recommendations?after={receipt.GetProperty("position").GetString()}");
    }
}
