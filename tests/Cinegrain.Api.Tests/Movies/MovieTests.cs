using System.Net;
using System.Text.Json;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Tests.Support;

namespace Cinegrain.Api.Tests.Movies;

public sealed class MovieTests
{
    [Fact]
    public async Task Get_KnownMovie_WithTagThat304Knows()
    {
        await using var app = await TestApp.StartAsync();
        using var response = await app.Client.GetAsync("/v1/movies/m01");
        var movie = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.MovieResponse)!;
        Assert.Equal(("m01", "Movie Ünïted 1", 1971, 3), (movie.Id, movie.Title, movie.Year, movie.Interactions));
        Assert.Equal([0.5, 1, 2, 3], movie.Popularity);

        using var again = new HttpRequestMessage(HttpMethod.Get, "/v1/movies/m01");
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        using var unchanged = await app.Client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Fact]
    public async Task Get_LettersOfOtherScripts_NotEscaped()
    {
        await using var app = await TestApp.StartAsync();

        Assert.Contains("Movie Ünïted 1", await app.Client.GetStringAsync("/v1/movies/m01"));
    }

    [Theory]
    [InlineData("GET", "/v1/movies/none")]
    [InlineData("DELETE", "/v1/movies/none")]
    [InlineData("GET", "/v1/movies/none/similar")]
    public async Task Any_UnknownMovie_404(string method, string path)
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)), 404, "not-found");
    }

    [Fact]
    public async Task Put_NewThenReplaced_201Then200()
    {
        await using var app = await TestApp.StartAsync();
        const string Body = """{"title":" Alien ","released":"1979-05-25","genres":["Horror"],"language":"EN","directors":["Ridley Scott"],"cast":["Sigourney Weaver"],"budget":11}""";

        using var created = await app.Client.PutAsync("/v1/movies/a%20b", TestApp.Json(Body));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("/v1/movies/a%20b", created.Headers.Location!.OriginalString);
        var movie = JsonSerializer.Deserialize(await created.Content.ReadAsByteArrayAsync(), ApiJson.Web.MovieResponse)!;
        Assert.Equal(("a b", "Alien", 1979, "en"), (movie.Id, movie.Title, movie.Year, movie.Language));

        using var replaced = await app.Client.PutAsync("/v1/movies/a%20b", TestApp.Json("""{"id":"a b","title":"Aliens"}"""));
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.NotEqual(created.Headers.ETag, replaced.Headers.ETag);
        Assert.Contains("Aliens", await app.Client.GetStringAsync("/v1/movies/a%20b"));
    }

    [Theory]
    [InlineData("""{"title":""}""", "title")]
    [InlineData("""{"title":"a\u0000"}""", "title")]
    [InlineData("""{"title":"a","year":1}""", "year")]
    [InlineData("""{"title":"a","language":"english"}""", "language")]
    [InlineData("""{"title":"a","genres":[""]}""", "genres")]
    [InlineData("""{"title":"a","directors":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17","18","19","20","21"]}""", "directors")]
    [InlineData("""{"title":"a","released":"0001-01-01"}""", "released")]
    [InlineData("""{"title":"a","id":"other"}""", "id")]
    public async Task Put_BadField_400NamesIt(string body, string field)
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.PutAsync("/v1/movies/x", TestApp.Json(body)), 400, "invalid-parameters");

        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/movies/x"), 404, "not-found");
    }

    [Theory]
    [InlineData("{}", "title")]
    [InlineData("""{"title":"a","year":"1999"}""", "year")]
    [InlineData("""{"title":"a","year":1e400}""", "year")]
    [InlineData("""{"title":"a","genres":[null]}""", null)]
    [InlineData("""{"title":"a","released":"yesterday"}""", "released")]
    [InlineData("""{"title":null}""", "title")]
    public async Task Put_WrongType_400(string body, string? field)
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PutAsync("/v1/movies/x", TestApp.Json(body));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await TestApp.ReadAsync(response);
        if (field is not null && field != "title")
        {
            Assert.Contains($"'{field}'", problem.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task Delete_KnownMovie_204AndGone()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.DeleteAsync("/v1/movies/m01");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/movies/m01"), 404, "not-found");
    }

    [Fact]
    public async Task Post_Lines_GoodOnesTakenBadOnesNamed()
    {
        await using var app = await TestApp.StartAsync();
        const string Body = "{\"id\":\"x1\",\"title\":\"One\"}\n{\"title\":\"No id\"}\nnonsense\n{\"id\":\"x2\",\"title\":\"Two\",\"year\":\"a\"}\n{\"id\":\"x3\",\"title\":\"Three\",\"year\":1}";

        var receipt = await TestApp.ReadAsync(await app.Client.PostAsync("/v1/movies", TestApp.Json(Body, "application/x-ndjson")));

        Assert.Equal(1, receipt.GetProperty("accepted").GetInt32());
        Assert.Equal([2, 3, 4, 5], receipt.GetProperty("rejected").EnumerateArray().Select(r => r.GetProperty("line").GetInt32()));
        using var found = await app.Client.GetAsync("/v1/movies/x1");
        Assert.Equal(HttpStatusCode.OK, found.StatusCode);
    }

    [Fact]
    public async Task Post_NoneGood_422()
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.PostAsync("/v1/movies", TestApp.Json("""[{"title":"No id"},{}]""")), 422, "rejected");
    }

    [Theory]
    [InlineData("", 7, 30)]
    [InlineData("query=UNITED&", 10, 0)]
    [InlineData("query=movie%201&", 3, 12)]
    public async Task Search_FollowingTheLinks_EveryMovieOnce(string query, int size, int expected)
    {
        await using var app = await TestApp.StartAsync();
        var ids = new List<string>();
        string? next = $"/v1/movies?{query}n={size}";
        while (next is not null)
        {
            using var response = await app.Client.GetAsync(next);
            var page = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.MoviePageResponse)!;
            Assert.InRange(page.Items.Count, 0, size);
            ids.AddRange(page.Items.Select(m => m.Id));
            next = null;
            if (response.Headers.TryGetValues("Link", out var links))
            {
                var link = Assert.Single(links);
                Assert.EndsWith(">; rel=\"next\"", link);
                next = link[1..link.IndexOf('>', StringComparison.Ordinal)];
                Assert.Contains($"after={page.Next}", next);
            }
            else
            {
                Assert.Null(page.Next);
            }
        }

        Assert.Equal(expected, ids.Count);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("after=%25%25")]
    [InlineData("after=_w")]
    [InlineData("after=eHh4")]
    [InlineData("after=")]
    public async Task Search_ForeignCursor_400(string query)
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/movies?" + query), 400, "invalid-parameters");

        Assert.True(problem.GetProperty("errors").TryGetProperty("after", out _));
    }

    [Fact]
    public async Task Similar_KnownMovie_OthersBestFirst()
    {
        await using var app = await TestApp.StartAsync();

        var similar = await TestApp.ReadAsync(await app.Client.GetAsync("/v1/movies/m01/similar?n=2"));

        Assert.Equal("m01", similar.GetProperty("movie").GetString());
        Assert.Equal(["m02", "m03"], similar.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("movie").GetString()));
    }

    [Theory]
    [InlineData("/v1/trending", 20)]
    [InlineData("/v1/popular", 20)]
    [InlineData("/v1/popular?n=3", 3)]
    public async Task Lists_AnyCount_SoMany(string path, int count)
    {
        await using var app = await TestApp.StartAsync();

        var list = await TestApp.ReadAsync(await app.Client.GetAsync(path));

        Assert.Equal(count, list.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("/v1/trending?n=0")]
    [InlineData("/v1/popular?limit=3")]
    [InlineData("/v1/movies/m01?verbose=1")]
    public async Task Lists_BadParameter_400(string path)
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.GetAsync(path), 400, "invalid-parameters");
    }

    [Fact]
    public async Task Dashboard_UnknownQuantiles_LeftOut()
    {
        await using var app = await TestApp.StartAsync();

        var data = await TestApp.ReadAsync(await app.Client.GetAsync("/v1/dashboard"));

        Assert.Equal(30, data.GetProperty("movies").GetInt32());
        Assert.False(data.TryGetProperty("freshnessP50", out _));
        Assert.Equal("m01", data.GetProperty("popular")[0].GetProperty("movie").GetString());
    }
}
