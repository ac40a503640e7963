using System.Net;
using System.Text.Json;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Api.Tests.Recommendations;

public sealed class RecommendationTests
{
    [Fact]
    public async Task Get_NewUser_ListInTheDocumentedShape()
    {
        await using var app = await TestApp.StartAsync();

        var bytes = await app.Client.GetByteArrayAsync("/v1/users/alice/recommendations");

        var list = JsonSerializer.Deserialize(bytes, ApiJson.Web.RecommendationsResponse)!;
        Assert.Equal("alice", list.User);
        Assert.Equal(10, list.Items.Count);
        Assert.Equal("m01", list.Items[0].Movie);
        Assert.Empty(list.Items[0].Reasons);

        // What is written by hand is what the serializer would write.
        Assert.Equal(Json.Serialize(list, ApiJson.Web.RecommendationsResponse), bytes);
        Assert.Equal([TestApp.PseudonymOf("alice")], app.Recommender.Seen);
    }

    [Fact]
    public async Task Get_Explain_ReasonsInTheDocumentedShape()
    {
        await using var app = await TestApp.StartAsync();

        var bytes = await app.Client.GetByteArrayAsync("/v1/users/alice/recommendations?explain=true");

        var list = JsonSerializer.Deserialize(bytes, ApiJson.Web.RecommendationsResponse)!;
        Assert.Equal(Json.Serialize(list, ApiJson.Web.RecommendationsResponse), bytes);
        var reasons = JsonDocument.Parse(bytes).RootElement.GetProperty("items")[0].GetProperty("reasons");
        Assert.Equal("because-you-watched", reasons[0].GetProperty("kind").GetString());
        Assert.Equal("m01", reasons[0].GetProperty("movie").GetString());
        Assert.Equal(0.75, reasons[0].GetProperty("share").GetDouble());
        Assert.Equal("popular-now", reasons[1].GetProperty("kind").GetString());
        Assert.False(reasons[1].TryGetProperty("movie", out _));
    }

    [Fact]
    public async Task Get_AllParameters_ReachTheRecommender()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.GetAsync(
            "/v1/users/alice/recommendations?n=3&genres=Comedy,Drama&genres=crime&yearFrom=1980&yearTo=1995&languages=en&minVotes=0&exclude=m11&includeSeen=true&diversity=0.5&explain=false");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var query = app.Recommender.LastQuery!;
        Assert.Equal(3, query.Count);
        Assert.Equal(["Comedy", "Drama", "crime"], query.Genres);
        Assert.Equal((1980, 1995), (query.YearFrom, query.YearTo));
        Assert.Equal(["en"], query.Languages);
        Assert.Equal(["m11"], query.Exclude);
        Assert.True(query.IncludeSeen);
        Assert.Equal(0.5, query.Diversity);
        Assert.False(query.Explain);
    }

    [Theory]
    [InlineData("n=0", "n")]
    [InlineData("n=101", "n")]
    [InlineData("n=ten", "n")]
    [InlineData("n=", "n")]
    [InlineData("n=1e1", "n")]
    [InlineData("n=99999999999999999999", "n")]
    [InlineData("n=1&n=2", "n")]
    [InlineData("diversity=NaN", "diversity")]
    [InlineData("diversity=Infinity", "diversity")]
    [InlineData("diversity=1.01", "diversity")]
    [InlineData("diversity=-0.1", "diversity")]
    [InlineData("yearFrom=1", "yearFrom")]
    [InlineData("yearFrom=2000&yearTo=1990", "yearFrom")]
    [InlineData("minVotes=-1", "minVotes")]
    [InlineData("explain=maybe", "explain")]
    [InlineData("languages=muchtoolong", "languages")]
    [InlineData("genres=a%00b", "genres")]
    [InlineData("after=", "after")]
    [InlineData("year_from=1990", "year_from")]
    public async Task Get_BadParameter_ProblemNamesIt(string query, string parameter)
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/users/alice/recommendations?" + query), 400, "invalid-parameters");

        var error = Assert.Single(problem.GetProperty("errors").EnumerateObject());
        Assert.Equal(parameter, error.Name);
        Assert.EndsWith(".", error.Value[0].GetString());
    }

    [Fact]
    public async Task Get_SeveralBadParameters_AllNamed()
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/users/alice/recommendations?n=0&diversity=2&foo=1"), 400, "invalid-parameters");

        Assert.Equal(["n", "diversity", "foo"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).OrderByDescending(n => n == "n").ThenBy(n => n, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Get_Unchanged_304ForTheTagAndAgainTheListAfterAChange()
    {
        await using var app = await TestApp.StartAsync();
        using var first = await app.Client.GetAsync("/v1/users/alice/recommendations");
        var tag = first.Headers.ETag!.ToString();

        using var second = await GetWithTagAsync(app, $"\"other\", W/{tag}");
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(tag, second.Headers.ETag!.ToString());
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());

        await app.RateAsync("alice", "m01");
        using var third = await GetWithTagAsync(app, tag);
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
        Assert.NotEqual(tag, third.Headers.ETag!.ToString());
    }

    [Fact]
    public async Task Get_SameListAgain_SameBytes()
    {
        await using var app = await TestApp.StartAsync();
        var bodies = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            bodies.Add(await app.Client.GetStringAsync("/v1/users/alice/recommendations"));
        }

        Assert.Single(bodies.Distinct());
    }

    [Fact]
    public async Task Get_AfterOwnWrite_IncludesIt()
    {
        await using var app = await TestApp.StartAsync();
        var position = await app.RateAsync("alice", "m01");

        var list = await TestApp.ReadAsync(await app.Client.GetAsync($"/v1/users/alice/recommendations?after={position}"));

        Assert.DoesNotContain("m01", list.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("movie").GetString()));
    }

    [Fact]
    public async Task Get_AfterAPositionThatComes_WaitsForIt()
    {
        await using var app = await TestApp.StartAsync();
        var pending = app.Client.GetAsync("/v1/users/alice/recommendations?after=999999");
        await app.Recommender.Waiting.Task;
        Assert.False(pending.IsCompleted);

        app.Recommender.Arrival.SetResult();

        using var response = await pending;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Get_AfterAPositionThatDoesNotCome_503WithRetryAfter()
    {
        await using var app = await TestApp.StartAsync();
        var pending = app.Client.GetAsync("/v1/users/alice/recommendations?after=999999");
        await app.Recommender.Waiting.Task;

        app.Time.Advance(TimeSpan.FromSeconds(5));

        using var response = await pending;
        await TestApp.ProblemAsync(response, 503, "not-caught-up");
        Assert.Equal("1", response.Headers.RetryAfter!.ToString());
    }

    [Fact]
    public async Task Get_AfterMalformed_400()
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/users/alice/recommendations?after=nonsense"), 400, "invalid-parameters");

        Assert.True(problem.GetProperty("errors").TryGetProperty("after", out _));
    }

    [Fact]
    public async Task Get_HostUnavailable_503WithItsRetryAfter()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Failure = new UnavailableException("the log of alice is full", TimeSpan.FromSeconds(2.5));

        using var response = await app.Client.GetAsync("/v1/users/alice/recommendations");

        var problem = await TestApp.ProblemAsync(response, 503, "unavailable");
        Assert.Equal("3", response.Headers.RetryAfter!.ToString());
        Assert.DoesNotContain("alice", problem.ToString());
    }

    [Fact]
    public async Task Get_SlashAndPercentInTheId_ReachThePseudonymUnchanged()
    {
        await using var app = await TestApp.StartAsync(kestrel: true);
        foreach (var user in new[] { "a/b", "a%2Fb", "ü ñ+?#", "日本", "a%" })
        {
            var list = await TestApp.ReadAsync(await app.Client.GetAsync($"/v1/users/{Uri.EscapeDataString(user)}/recommendations"));

            Assert.Equal(user, list.GetProperty("user").GetString());
            Assert.Contains(TestApp.PseudonymOf(user), app.Recommender.Seen);
        }
    }

    [Theory]
    [InlineData("a%0Ab")]
    [InlineData("%7F")]
    [InlineData("%C2%85")]
    public async Task Get_ControlCharacterInTheId_400(string user)
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.GetAsync($"/v1/users/{user}/recommendations"), 400, "invalid-parameters");

        Assert.True(problem.GetProperty("errors").TryGetProperty("user", out _));
    }

    [Theory]
    [InlineData(256, 200)]
    [InlineData(257, 400)]
    [InlineData(10_000, 400)]
    public async Task Get_LongId_RefusedAboveTheLimit(int length, int status)
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.GetAsync($"/v1/users/{new string('x', length)}/recommendations");

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Render_ListAskedForTwice_IsKeptAndForgottenOnErasure()
    {
        var recommender = new FakeRecommender();
        var lists = new RenderedLists(recommender);
        var list = await recommender.RecommendAsync("u1-a", new(), default);

        var first = lists.Render("alice", "u1-a", list);
        Assert.Equal(0, lists.Count);
        var second = lists.Render("alice", "u1-a", list);
        Assert.Equal(1, lists.Count);
        Assert.Same(second, lists.Render("alice", "u1-a", list));
        Assert.Equal(first.Body, second.Body);

        // Two users may share a newcomer's list; each gets the own id.
        Assert.StartsWith("""{"user":"bob",""", System.Text.Encoding.UTF8.GetString(lists.Render("bob", "u1-b", list).Body));

        lists.Render("alice", "u1-a", list);
        lists.Render("alice", "u1-a", list);
        lists.Forget("alice");
        Assert.Equal(0, lists.Count);
    }

    private static Task<HttpResponseMessage> GetWithTagAsync(TestApp app, string tag)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users/alice/recommendations");
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return app.Client.SendAsync(request);
    }
}
