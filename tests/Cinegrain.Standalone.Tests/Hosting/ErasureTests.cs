using System.Net;
using System.Text;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>After an erasure nothing in the data folder names the user: every byte of every file is searched.</summary>
public sealed class ErasureTests
{
    private const string User = "customer-4711@example.org", Other = "customer-4712@example.org";

    [Fact]
    public async Task Delete_User_LeavesNoByteOfItInTheFolder()
    {
        using var folder = new TestFolder();
        string pseudonym, other;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, "--checkpoint-seconds", "0.2"))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 30);
            await LearnAsync(host, Other, 10, 30);
            await StandaloneProcess.ReadAsync(
                await host.PostLinesAsync("/v1/interactions", [Films.Rate(User, Films.Catalogue[40].Id, 4), Films.Rate(User, "nowhere", 4)]),
                HttpStatusCode.Accepted);
            await host.PutAsync($"/v1/users/{User}/consent", """{"learning":true}""");
            pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
            other = (await host.GetAsync($"/v1/users/{Other}/profile")).GetProperty("pseudonym").GetString()!;

            // The search finds what is there, and users stand under their pseudonyms only.
            Assert.NotEmpty(Find(folder.Path, pseudonym));
            Assert.Empty(Find(folder.Path, User));

            var report = await StandaloneProcess.ReadAsync(await host.Client.DeleteAsync($"/v1/users/{User}"), HttpStatusCode.OK);

            Assert.True(report.GetProperty("removed").GetProperty("log records").GetInt64() >= 31);
            Assert.NotEmpty(report.GetProperty("remaining").EnumerateArray());
            AssertGone(folder.Path, pseudonym, other);
            Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync($"/v1/users/{User}/export")).StatusCode);
            Assert.Equal(10, (await host.GetAsync($"/v1/users/{User}/recommendations")).GetProperty("items").GetArrayLength());
            Assert.Equal(0, await host.StopAsync());
            Assert.DoesNotContain(pseudonym, host.Output + host.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain(User, host.Output + host.Errors, StringComparison.Ordinal);
        }

        AssertGone(folder.Path, pseudonym, other);
        await using (var again = await StandaloneProcess.StartReadyAsync(folder.Path))
        {
            Assert.Equal(HttpStatusCode.NotFound, (await again.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode);
            Assert.Equal(0, await again.StopAsync());
        }

        AssertGone(folder.Path, pseudonym, other);
        foreach (var file in Directory.GetFiles(folder.Path, "state.db*"))
        {
            File.Delete(file);
        }

        await using (var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path))
        {
            Assert.Equal(HttpStatusCode.NotFound, (await rebuilt.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode);
            Assert.Equal(30, (await rebuilt.GetAsync($"/v1/users/{Other}/profile")).GetProperty("interactions").GetInt32());
            Assert.Equal(0, await rebuilt.StopAsync());
        }

        AssertGone(folder.Path, pseudonym, other);

        // The user may come back, as somebody new.
        await using var last = await StandaloneProcess.StartReadyAsync(folder.Path);
        await LearnAsync(last, User, 5, 2);
        Assert.Equal(2, (await last.GetAsync($"/v1/users/{User}/profile")).GetProperty("interactions").GetInt32());
        Assert.Equal(2, (await last.GetAsync($"/v1/users/{User}/export")).GetProperty("records").GetArrayLength());
    }

    [Fact]
    public async Task Delete_ThenKilledAtOnce_LeavesNoByteOfItInTheFolder()
    {
        using var folder = new TestFolder();
        string pseudonym;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, "--checkpoint-seconds", "3600"))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 20);
            pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
            await StandaloneProcess.ReadAsync(await host.Client.DeleteAsync($"/v1/users/{User}"), HttpStatusCode.OK);
            await host.KillAsync();
        }

        Assert.Empty(Find(folder.Path, pseudonym));
        await using var again = await StandaloneProcess.StartReadyAsync(folder.Path);
        Assert.Equal(HttpStatusCode.NotFound, (await again.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode);
        Assert.Empty(Find(folder.Path, pseudonym));
    }

    [Fact]
    public async Task Delete_KilledBeforeTheAnswer_IsFinishedByTheNextStartOrNeverHappened()
    {
        using var folder = new TestFolder();
        string pseudonym;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 20);
            pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
            var erasing = host.Client.DeleteAsync($"/v1/users/{User}");
            await host.KillAsync();
            await Task.WhenAny(erasing);
            _ = erasing.Exception;
        }

        await using var again = await StandaloneProcess.StartReadyAsync(folder.Path, "--checkpoint-seconds", "0.2");
        if ((await again.Client.GetAsync($"/v1/users/{User}/profile")).StatusCode == HttpStatusCode.NotFound)
        {
            await StandaloneProcess.UntilAsync(() => Task.FromResult(Find(folder.Path, pseudonym).Count == 0));
        }
        else
        {
            Assert.Equal(20, (await again.GetAsync($"/v1/users/{User}/export")).GetProperty("records").GetArrayLength());
        }
    }

    private static async Task LearnAsync(StandaloneProcess host, string user, int first, int count)
    {
        var lines = Films.Catalogue.Skip(first).Take(count).Select(movie => Films.Rate(user, movie.Id, 4));
        var receipt = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines), HttpStatusCode.Accepted);
        await host.GetAsync($"/v1/users/{user}/recommendations?after={receipt.GetProperty("position").GetString()}");
    }

    private static void AssertGone(string folder, string pseudonym, string other)
    {
        Assert.Empty(Find(folder, pseudonym));
        Assert.Empty(Find(folder, User));
        Assert.NotEmpty(Find(folder, other));
    }

    /// <summary>Files that have the text, as UTF-8 or UTF-16. The lock, which nobody else may read while a host runs, is empty.</summary>
    private static List<string> Find(string folder, string text)
    {
        var (utf8, utf16) = (Encoding.UTF8.GetBytes(text), Encoding.Unicode.GetBytes(text));
        return
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock").Where(file =>
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                var bytes = copy.GetBuffer().AsSpan(0, (int)copy.Length);
                return bytes.IndexOf(utf8) >= 0 || bytes.IndexOf(utf16) >= 0;
            }).Select(file => Path.GetFileName(file)),
        ];
    }
}
