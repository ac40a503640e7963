using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The whole loop through the REST API of a real process.</summary>
public sealed class EndToEndTests
{
    [Fact]
    public async Task Post_OneInteraction_IsInTheListAfterItsPosition()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        var before = Movies(await host.GetAsync("/v1/users/ann/recommendations"));

        var receipt = await StandaloneProcess.ReadAsync(
            await host.PostAsync("/v1/interactions", Films.Rate("ann", before[0], 5)), HttpStatusCode.Accepted);
        Assert.Equal(1, receipt.GetProperty("accepted").GetInt32());
        Assert.Empty(receipt.GetProperty("rejected").EnumerateArray());
        var position = receipt.GetProperty("position").GetString();
        var list = await host.GetAsync($"/v1/users/ann/recommendations?explain=true&after={position}");

        Assert.Equal(10, before.Count);
        Assert.DoesNotContain(before[0], Movies(list));
        Assert.Equal(position, list.GetProperty("modelPosition").GetString());
        Assert.All(list.GetProperty("items").EnumerateArray(), item =>
        {
            var reasons = item.GetProperty("reasons").EnumerateArray().ToList();
            Assert.NotEmpty(reasons);
            Assert.All(reasons, reason => Assert.NotEmpty(reason.GetProperty("text").GetString()!));
        });
    }

    [Fact]
    public async Task Post_Lines_TakesTheGoodAndRefusesTheBadOneByOne()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        string[] lines =
        [
            Films.Rate("bob", Films.Catalogue[0].Id, 4), "{", Films.Rate("bob", "nowhere", 4), Films.Rate("bob", Films.Catalogue[1].Id, 9),
            Films.Rate("bob", Films.Catalogue[2].Id, 3),
        ];

        var receipt = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines, "once"), HttpStatusCode.Accepted);
        var repeat = await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", lines, "once"), HttpStatusCode.Accepted);

        Assert.Equal([2L, 3L, 4L], receipt.GetProperty("rejected").EnumerateArray().Select(line => line.GetProperty("line").GetInt64()));
        Assert.Equal(
            ["malformed-json", "unknown-movie"],
            receipt.GetProperty("rejected").EnumerateArray().Select(line => line.GetProperty("reason").GetString()).Take(2));
        Assert.Equal(Texts(receipt, "ids"), Texts(repeat, "ids"));
        Assert.Equal(receipt.GetProperty("position").GetString(), repeat.GetProperty("position").GetString());
        await WaitForAsync(host, "bob", receipt);
        var export = await host.GetAsync("/v1/users/bob/export");
        Assert.Equal(2, export.GetProperty("records").GetArrayLength());
        Assert.Equal(2, export.GetProperty("profile").GetProperty("interactions").GetInt32());
        await StandaloneProcess.UntilAsync(async () =>
            (await host.GetAsync("/v1/dashboard")).GetProperty("rejected").EnumerateArray().Sum(reason => reason.GetProperty("value").GetDouble()) == 6);
    }

    [Fact]
    public async Task Recommendations_WithFilters_KeepToThem()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        var movies = Films.Catalogue.ToDictionary(movie => movie.Id);
        await LearnAsync(host, "carl", [.. Films.Catalogue.Take(5).Select(movie => movie.Id)]);

        var drama = Movies(await host.GetAsync("/v1/users/carl/recommendations?n=100&genres=drama"));
        var old = Movies(await host.GetAsync("/v1/users/carl/recommendations?n=100&yearTo=1999&languages=en"));

        // Films learn of it a moment after the user.
        List<string> voted = [];
        await StandaloneProcess.UntilAsync(async () =>
            (voted = Movies(await host.GetAsync("/v1/users/carl/recommendations?n=100&minVotes=1&includeSeen=true"))).Count == 5);
        var without = Movies(await host.GetAsync($"/v1/users/carl/recommendations?n=100&exclude={drama[0]}"));

        Assert.NotEmpty(drama);
        Assert.All(drama, id => Assert.Contains("Drama", movies[id].Genres));
        Assert.NotEmpty(old);
        Assert.All(old, id => Assert.True(movies[id] is { Year: <= 1999, Language: "en" }));
        Assert.Equal(Films.Catalogue.Take(5).Select(movie => movie.Id).Order(), voted.Order());
        Assert.NotEmpty(without);
        Assert.DoesNotContain(drama[0], without);
    }

    [Fact]
    public async Task Consent_Withdrawn_StopsLearningUntilItIsGivenAgain()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        await LearnAsync(host, "dora", [Films.Catalogue[0].Id]);

        var withdrawn = await StandaloneProcess.ReadAsync(await host.PutAsync("/v1/users/dora/consent", """{"learning":false}"""), HttpStatusCode.OK);
        await LearnAsync(host, "dora", [Films.Catalogue[1].Id]);
        var restricted = await host.GetAsync("/v1/users/dora/profile");
        await StandaloneProcess.ReadAsync(await host.PutAsync("/v1/users/dora/consent", """{"learning":true}"""), HttpStatusCode.OK);
        await LearnAsync(host, "dora", [Films.Catalogue[2].Id]);
        var given = await host.GetAsync("/v1/users/dora/profile");

        Assert.False(withdrawn.GetProperty("learning").GetBoolean());
        Assert.False(restricted.GetProperty("learning").GetBoolean());
        Assert.Equal(1, restricted.GetProperty("interactions").GetInt32());
        Assert.True(given.GetProperty("learning").GetBoolean());
        Assert.Equal(2, given.GetProperty("interactions").GetInt32());
    }

    [Fact]
    public async Task Catalogue_LearnedFrom_AnswersSimilarTrendingPopularAndTheDashboard()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        var (a, b) = (Films.Catalogue[10].Id, Films.Catalogue[11].Id);
        for (var user = 0; user < 8; user++)
        {
            await LearnAsync(host, $"pair-{user}", [a, b]);
        }

        // Movies learn behind the users: asked until they have.
        await StandaloneProcess.UntilAsync(async () => (await host.GetAsync($"/v1/movies/{b}")).GetProperty("interactions").GetInt32() == 8);
        Assert.Equal(b, Movies(await host.GetAsync($"/v1/movies/{a}/similar?n=3"))[0]);
        Assert.Equal([a, b], Movies(await host.GetAsync("/v1/popular?n=2")).Order());
        Assert.Equal([a, b], Movies(await host.GetAsync("/v1/trending?n=2")).Order());
        var dashboard = await host.GetAsync("/v1/dashboard");
        Assert.Equal(8, dashboard.GetProperty("users").GetInt64());
        Assert.Equal(16, dashboard.GetProperty("interactions").GetInt64());
        Assert.Equal(Films.Catalogue.Count, dashboard.GetProperty("movies").GetInt32());
        var metrics = await host.Client.GetStringAsync("/metrics");
        Assert.Contains("cinegrain_engine_lag", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("pair-", metrics, StringComparison.Ordinal);
        var found = await host.GetAsync($"/v1/movies?query={Uri.EscapeDataString(Films.Catalogue[10].Title)}");
        Assert.Contains(a, found.GetProperty("items").EnumerateArray().Select(movie => movie.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Movie_PutAndWithdrawn_ComesAndGoesAtOnce()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);

        var added = await host.PutAsync("/v1/movies/x1", """{"title":"A Film","year":2001,"genres":["Drama"]}""");
        var replaced = await host.PutAsync("/v1/movies/x1", """{"title":"The Film","year":2001,"genres":["Drama"]}""");
        var title = (await host.GetAsync("/v1/movies/x1")).GetProperty("title").GetString();
        var deleted = await host.Client.DeleteAsync("/v1/movies/x1");
        var refused = await host.PostAsync("/v1/interactions", Films.Rate("emil", "x1", 4));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK, "The Film"), (added.StatusCode, replaced.StatusCode, title));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/v1/movies/x1")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
    }

    [Fact]
    public async Task Stream_AfterAnInteraction_SendsTheNewList()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users/flo/recommendations/stream");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = Movies(await NextAsync(reader));

        await host.PostAsync("/v1/interactions", Films.Rate("flo", first[0], 5));
        var next = await NextAsync(reader);
        while (Movies(next).Contains(first[0]))
        {
            next = await NextAsync(reader);
        }

        Assert.Equal(10, first.Count);
        Assert.NotEqual("", next.GetProperty("modelPosition").GetString());
    }

    [Fact]
    public async Task Stop_WithAnOpenStream_EndsItAndExitsWithZero()
    {
        using var folder = new TestFolder();
        await using var host = await StandaloneProcess.StartReadyAsync(folder.Path);
        await Films.PutAsync(host);
        using var response = await host.Client.GetAsync("/v1/users/flo/recommendations/stream", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await NextAsync(reader);

        Assert.Equal(0, await host.StopAsync());
    }

    [Fact]
    public async Task Restart_AfterAStop_HasEverything()
    {
        using var folder = new TestFolder();
        string profile, movie, list;
        await using (var host = await StandaloneProcess.StartReadyAsync(folder.Path))
        {
            await Films.PutAsync(host);
            await LearnAsync(host, "gil", [.. Films.Catalogue.Skip(20).Take(7).Select(m => m.Id)]);
            var id = Films.Catalogue[26].Id;
            await StandaloneProcess.UntilAsync(async () => (await host.GetAsync($"/v1/movies/{id}")).GetProperty("interactions").GetInt32() == 1);
            (profile, movie) = ($"{await host.GetAsync("/v1/users/gil/profile")}", $"{(await host.GetAsync($"/v1/movies/{id}")).GetProperty("firstSeen")}");
            list = string.Join(' ', Movies(await host.GetAsync("/v1/users/gil/recommendations")));
            Assert.Equal(0, await host.StopAsync());
        }

        // From the checkpoint alone: the profile is there as soon as it answers, and nothing is left to catch up with.
        await using var again = await StandaloneProcess.StartAsync(folder.Path);
        Assert.Equal(profile, $"{await again.GetAsync("/v1/users/gil/profile")}");
        Assert.Contains($"{Films.Catalogue.Count} movies, 0 records to catch up with", again.Output, StringComparison.Ordinal);
        await again.ReadyAsync();
        Assert.Equal(movie, $"{(await again.GetAsync($"/v1/movies/{Films.Catalogue[26].Id}")).GetProperty("firstSeen")}");
        Assert.Equal(list, string.Join(' ', Movies(await again.GetAsync("/v1/users/gil/recommendations"))));
    }

    private static async Task LearnAsync(StandaloneProcess host, string user, IReadOnlyList<string> movies)
    {
        var at = DateTimeOffset.UtcNow.AddMinutes(-10);
        using var response = await host.PostLinesAsync("/v1/interactions", movies.Select((movie, i) => Films.Rate(user, movie, 4.5, at.AddSeconds(i))));
        await WaitForAsync(host, user, await StandaloneProcess.ReadAsync(response, HttpStatusCode.Accepted));
    }

    private static Task<JsonElement> WaitForAsync(StandaloneProcess host, string user, JsonElement receipt) =>
        host.GetAsync($"/v1/users/{user}/recommendations?after={receipt.GetProperty("position").GetString()}");

    private static async Task<JsonElement> NextAsync(StreamReader reader)
    {
        while (true)
        {
            var line = await reader.ReadLineAsync().WaitAsync(StandaloneProcess.Limit) ?? throw new EndOfStreamException();
            if (line.StartsWith("data: {\"user\"", StringComparison.Ordinal))
            {
                return JsonDocument.Parse(line["data: ".Length..]).RootElement;
            }
        }
    }

    private static List<string> Movies(JsonElement list) =>
        [.. list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("movie").GetString()!)];

    private static List<string> Texts(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];
}
