using System.Net;
using System.Text.Json;
using Cinegrain.Contracts.Servers;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The host with its log on a real Kafka.</summary>
public sealed class KafkaLogTests
{
    private const string User = "customer-4711@example.org", Other = "customer-4712@example.org";

    [KafkaFact]
    public async Task StateDeleted_NextStart_RebuildsItFromTheLog()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        string profile, list;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 30);
            await LearnAsync(host, Other, 10, 30);
            profile = $"{await host.GetAsync($"/v1/users/{User}/profile")}";
            list = Movies(await host.GetAsync($"/v1/users/{User}/recommendations"));
            Assert.Equal(0, await host.StopAsync());
        }

        DeleteState(folder);
        await using var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options);
        await StandaloneProcess.UntilAsync(() => Task.FromResult(rebuilt.Output.Contains("Caught up with the log", StringComparison.Ordinal)));
        Assert.Equal(profile, $"{await rebuilt.GetAsync($"/v1/users/{User}/profile")}");
        Assert.Equal(list.Split(' ').Order(), Movies(await rebuilt.GetAsync($"/v1/users/{User}/recommendations")).Split(' ').Order());
        Assert.Equal(0, await rebuilt.StopAsync());

        using var log = new TestFolder();
        await using var opened = await kafka.OpenLogAsync();
        using var reference = await Reference.ReadAsync(opened);
        await reference.AssertStoredAsync(folder.Path);
    }

    [KafkaFact]
    public async Task Delete_User_IsPassedOverByEveryReaderAlsoWithTheStateGone()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        string pseudonym;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, User, 0, 30);
            await LearnAsync(host, Other, 10, 30);
            pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;

            var report = await StandaloneProcess.ReadAsync(await host.Client.DeleteAsync($"/v1/users/{User}"), HttpStatusCode.OK);

            Assert.Equal(30, report.GetProperty("removed").GetProperty("log records passed over").GetInt64());
            Assert.Contains("log records", report.GetProperty("remaining").EnumerateArray().Select(rest => rest.GetProperty("what").GetString()));
            await AssertUnknownAsync(host, User);
            await host.KillAsync();
        }

        // Kafka has the records, and the log does not show them.
        Assert.Equal(31, kafka.Keys(Topics.Interactions, 4).Count(key => key == pseudonym));
        await using (var log = await kafka.OpenLogAsync())
        {
            for (var partition = 0; partition < log.PartitionCount(Topics.Interactions); partition++)
            {
                await foreach (var record in Reference.RecordsAsync(log, Topics.Interactions, partition))
                {
                    Assert.NotEqual(pseudonym, record.Key);
                }
            }
        }

        DeleteState(folder);
        await using var rebuilt = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options);
        await AssertUnknownAsync(rebuilt, User);
        Assert.Equal(30, (await rebuilt.GetAsync($"/v1/users/{Other}/profile")).GetProperty("interactions").GetInt32());

        // The user may come back, as somebody new.
        await LearnAsync(rebuilt, User, 5, 2);
        Assert.Equal(2, (await rebuilt.GetAsync($"/v1/users/{User}/profile")).GetProperty("interactions").GetInt32());
        Assert.Equal(2, (await rebuilt.GetAsync($"/v1/users/{User}/export")).GetProperty("records").GetArrayLength());
    }

    [KafkaFact]
    public async Task Start_WhileAnotherLearnsFromTheLog_IsRefused()
    {
        using var folder = new TestFolder();
        using var second = new TestFolder();
        await using var kafka = new TestKafka();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options);

        var refused = await StandaloneProcess.RefusedAsync(second.Path, kafka.Options);

        Assert.Equal(1, refused.Code);
        Assert.Contains("another process learns from this log already", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(0, await host.StopAsync());
    }

    [KafkaFact]
    public async Task Start_StoreOfAnotherLog_IsRefused()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        await using var other = new TestKafka();
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options))
        {
            Assert.Equal(0, await host.StopAsync());
        }

        var refused = await StandaloneProcess.RefusedAsync(folder.Path, other.Options);

        Assert.Equal(1, refused.Code);
        Assert.Contains("was built from the log", refused.Errors, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Lockstep_SameEvents_GiveTheListsOfTheEmbeddedLog()
    {
        await using var kafka = new TestKafka();
        var lists = new List<string>();
        foreach (var options in new[] { Array.Empty<string>(), kafka.Options })
        {
            using var folder = new TestFolder();
            await using var host = await StandaloneProcess.StartReadyAsync(folder.Path, [.. options, "--lockstep"]);
            await Films.PutAsync(host);
            var random = new Random(4);
            for (var batch = 0; batch < 10; batch++)
            {
                var lines = Enumerable.Range(0, 40).Select(i => Films.Rate(
                    $"viewer-{random.Next(25)}",
                    Films.Catalogue[random.Next(Films.Catalogue.Count)].Id,
                    random.Next(1, 11) / 2.0,
                    new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes((batch * 40) + i)));
                var receipt = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines), HttpStatusCode.Accepted);
                for (var viewer = 0; viewer < 25; viewer++)
                {
                    var list = await host.GetAsync($"/v1/users/viewer-{viewer}/recommendations?after={receipt.GetProperty("position").GetString()}");
                    lists.Add(Movies(list));
                }
            }
        }

        Assert.Equal(lists[..250], lists[250..]);
    }

    [KafkaFact]
    public async Task IntakeTopic_RecordsOfOthers_PassTheSameGateOnce()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        var good = Films.Catalogue.Take(70).Select(movie => ((string?)null, (string?)Films.Rate(User, movie.Id, 4))).ToArray();
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options))
        {
            await Films.PutAsync(host);
            await kafka.ProduceAsync(Topics.Intake, good);
            await kafka.ProduceAsync(Topics.Intake, ("k", null), ("k", "{"), ("k", "[]"), ("k", Films.Rate(User, "nowhere", 4)), ("k", Films.Rate(User, Films.Catalogue[80].Id, 4)));
            await StandaloneProcess.UntilAsync(async () => await InteractionsAsync(host) == 71);
            await StandaloneProcess.UntilAsync(async () => await RejectedAsync(host) == 4);
            await host.KillAsync();
        }

        // What the store did not note is taken again and recognised; what comes then is taken.
        await using var again = await StandaloneProcess.StartReadyAsync(folder.Path, kafka.Options);
        await kafka.ProduceAsync(Topics.Intake, ("k", Films.Rate(User, Films.Catalogue[81].Id, 4)));
        await StandaloneProcess.UntilAsync(async () => await InteractionsAsync(again) >= 72);
        Assert.Equal(72, await InteractionsAsync(again));
        Assert.DoesNotContain(User, again.Output + again.Errors, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Poison_OnEveryTopic_IsRejectedAndTheRestGoesOn()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path, [.. kafka.Options, "--partitions", "1"]);
        await Films.PutAsync(host);
        (string? Key, string? Value)[] poison = [(null, null), ("k", "{"), ("k", "null"), ("k", """{"v":1,"type":"unheard-of"}"""), ("other", """{"v":1}""")];
        await kafka.ProduceAsync(Topics.Interactions, poison);
        await kafka.ProduceAsync(Topics.Signals, poison);
        await kafka.ProduceAsync(Topics.Movies, poison[1..]);
        await kafka.ProduceAsync(Topics.Rejected, poison);

        await LearnAsync(host, User, 0, 3);

        Assert.Equal(3, (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("interactions").GetInt32());
        await StandaloneProcess.UntilAsync(async () =>
            (await host.GetAsync($"/v1/movies/{Films.Catalogue[0].Id}")).GetProperty("interactions").GetInt32() == 1);

        // Five of two topics and four of the catalogue, besides the five that were written there.
        await StandaloneProcess.UntilAsync(async () => await RejectedAsync(host) == 19);

        // Under a user's own key it does not stand in the way of what the user is told.
        var pseudonym = (await host.GetAsync($"/v1/users/{User}/profile")).GetProperty("pseudonym").GetString()!;
        await kafka.ProduceAsync(Topics.Interactions, [.. poison[1..].Select(record => (pseudonym, record.Value))]);
        await StandaloneProcess.UntilAsync(async () => await RejectedAsync(host) == 23);
        Assert.Equal(3, (await host.GetAsync($"/v1/users/{User}/export")).GetProperty("records").GetArrayLength());
        Assert.Equal(0, await host.StopAsync());
    }

    private static async Task<int> InteractionsAsync(StandaloneProcess host)
    {
        using var response = await host.Client.GetAsync($"/v1/users/{User}/profile");
        return response.StatusCode == HttpStatusCode.OK
            ? (await StandaloneProcess.ReadAsync(response, HttpStatusCode.OK)).GetProperty("interactions").GetInt32()
            : 0;
    }

    private static async Task<double> RejectedAsync(StandaloneProcess host) =>
        (await host.GetAsync("/v1/dashboard")).GetProperty("rejected").EnumerateArray().Sum(reason => reason.GetProperty("value").GetDouble());

    private static async Task AssertUnknownAsync(StandaloneProcess host, string user)
    {
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync($"/v1/users/{user}/profile")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync($"/v1/users/{user}/export")).StatusCode);
    }

    private static async Task LearnAsync(StandaloneProcess host, string user, int first, int count)
    {
        var lines = Films.Catalogue.Skip(first).Take(count).Select(movie => Films.Rate(user, movie.Id, 4));
        var receipt = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines), HttpStatusCode.Accepted);
        await host.GetAsync($"/v1/users/{user}/recommendations?after={receipt.GetProperty("position").GetString()}");
    }

    private static void DeleteState(TestFolder folder)
    {
        foreach (var file in Directory.GetFiles(folder.Path, "state.db*"))
        {
            File.Delete(file);
        }
    }

    private static string Movies(JsonElement list) =>
        string.Join(' ', list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("movie").GetString()));
}
