using System.Net;
using System.Text;
using System.Text.Json;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>In lockstep the server is the sequential model behind HTTP.</summary>
public sealed class LockstepTests
{
    private const int Events = 300;

    [Fact]
    public async Task Lockstep_EventByEvent_GivesTheListsOfTheSequentialModel()
    {
        using var folder = new TestFolder();
        var lists = new List<(long From, long To, List<(string Movie, double Score)> Movies)>();
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path, "--lockstep"))
        {
            await Films.PutAsync(host);
            var at = DateTimeOffset.UtcNow.AddDays(-30);
            foreach (var (number, happened) in new Audience(Films.Catalogue, viewers: 25, seed: 11).Events(Events).Index())
            {
                var line = Encoding.UTF8.GetString(happened.ToIntakeLine(1, at.AddHours(2 * number)).Utf8Json.Span);
                var receipt = await StandaloneProcess.ReadAsync(await host.PostAsync("/v1/interactions", line), HttpStatusCode.Accepted);
                var from = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
                var list = await host.GetAsync($"/v1/users/{happened.User}/recommendations?after={receipt.GetProperty("position").GetString()}");
                lists.Add((from, DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
                    [.. list.GetProperty("items").EnumerateArray().Select(item => (item.GetProperty("movie").GetString()!, item.GetProperty("score").GetDouble()))]));
            }

            Assert.Equal(0, await host.StopAsync());
        }

        using var model = new SequentialModel(new ModelOptions());
        foreach (var movie in Films.Catalogue)
        {
            model.Put(movie);
        }

        await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions(), TimeProvider.System);
        Assert.Equal(1, log.PartitionCount(Topics.Interactions));
        var read = 0;
        await foreach (var raw in Reference.RecordsAsync(log, Topics.Interactions, 0))
        {
            var record = (Interaction)JsonSerializer.Deserialize(raw.Value.Span, WireFormat.Default.UserRecord)!;
            model.Learn(record, test: record.Preference > 0);
            var (from, to, actual) = lists[read++];

            // The list is as of the server's second, which is one of these.
            Assert.True(
                Enumerable.Range(0, (int)(to - from) + 1).Any(second => IsSame(
                    [.. model.User(record.User).Recommend(new RecommendationQuery(), from + second).Items.Select(item => (item.Movie, item.Score))], actual)),
                $"After event {read} the lists differ.");
        }

        Assert.Equal(Events, read);
        Assert.True(model.Blend.Steps > 0, "The weights were never trained: the lists say nothing of them.");
    }

    /// <summary>The same scores place by place, up to the rounding of single precision, and the same movies but for ties of such scores.</summary>
    private static bool IsSame(List<(string Movie, double Score)> expected, List<(string Movie, double Score)> actual) =>
        expected.Count == actual.Count && expected.Zip(actual).All(pair =>
            IsClose(pair.First.Score, pair.Second.Score)
            && (pair.First.Movie == pair.Second.Movie
                || IsClose(expected[^1].Score, pair.Second.Score)
                || expected.Any(other => other.Movie == pair.Second.Movie && IsClose(other.Score, pair.Second.Score))));

    private static bool IsClose(double a, double b) => Math.Abs(a - b) <= 1e-6;
}
