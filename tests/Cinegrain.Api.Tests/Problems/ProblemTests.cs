using System.Net;
using Cinegrain.Api.Tests.Support;

namespace Cinegrain.Api.Tests.Problems;

public sealed class ProblemTests
{
    [Fact]
    public async Task Any_UnknownAddress_404()
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.GetAsync("/v2/nothing"), 404, "not-found");
    }

    [Fact]
    public async Task Any_WrongMethod_405WithAllow()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PostAsync("/v1/trending", null);

        await TestApp.ProblemAsync(response, 405, "method-not-allowed");
        Assert.Equal(["GET"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Any_HostFails_500WithoutDetailsAndLogWithoutMessage()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Failure = new InvalidOperationException("secret of alice", new KeyNotFoundException("inner secret"));

        using var response = await app.Client.GetAsync("/v1/users/alice/recommendations");

        var problem = await TestApp.ProblemAsync(response, 500, "internal");
        Assert.DoesNotContain("secret", problem.ToString());
        var line = Assert.Single(app.Logs.Lines, l => l.Contains(" Error ", StringComparison.Ordinal));
        Assert.Contains("/v1/users/{user}/recommendations", line);
        Assert.Contains("System.InvalidOperationException", line);
        Assert.Contains("System.Collections.Generic.KeyNotFoundException", line);
        Assert.Contains(nameof(FakeRecommender), line);
        Assert.Contains(problem.GetProperty("traceId").GetString()!, line);
        Assert.DoesNotContain("secret", line);
        Assert.DoesNotContain("alice", line);
    }

    [Fact]
    public async Task Any_HostCancelsByItself_500()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Failure = new OperationCanceledException();

        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/popular"), 500, "internal");
    }

    [Fact]
    public async Task Any_Answer_HeadersThatHoldBrowsersBack()
    {
        await using var app = await TestApp.StartAsync();
        foreach (var path in new[] { "/v1/popular", "/v1/users/a%0A/profile", "/health/live", "/nothing", "/docs/index.html" })
        {
            using var response = await app.Client.GetAsync(path);

            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
            Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
            Assert.Contains("frame-ancestors 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Theory]
    [InlineData("https://shop.example", true)]
    [InlineData("https://evil.example", false)]
    public async Task Any_Origin_AllowedOnlyWhenConfigured(string origin, bool allowed)
    {
        await using var app = await TestApp.StartAsync(o => o with { CorsOrigins = ["https://shop.example"] });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/popular");
        request.Headers.Add("Origin", origin);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(allowed, response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Health_NotReady_503UntilReady()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.IsReady = false;
        using var live = await app.Client.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using var early = await app.Client.GetAsync("/health/ready");
        await TestApp.ProblemAsync(early, 503, "unavailable");
        Assert.NotNull(early.Headers.RetryAfter);

        app.Recommender.IsReady = true;
        using var ready = await app.Client.GetAsync("/health/ready");
        Assert.Equal("ready", (await TestApp.ReadAsync(ready)).GetProperty("status").GetString());
    }
}
