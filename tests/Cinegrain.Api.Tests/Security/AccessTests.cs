using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Cinegrain.Api.Security;
using Cinegrain.Api.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Cinegrain.Api.Tests.Security;

public sealed class AccessTests
{
    public static TheoryData<string, string, string> Operations => new()
    {
        { "GET", "/v1/users/alice/recommendations", "read" },
        { "GET", "/v1/movies", "read" },
        { "GET", "/v1/movies/m01", "read" },
        { "GET", "/v1/movies/m01/similar", "read" },
        { "GET", "/v1/trending", "read" },
        { "GET", "/v1/popular", "read" },
        { "GET", "/v1/dashboard", "read" },
        { "GET", "/metrics", "read" },
        { "POST", "/v1/interactions", "write" },
        { "POST", "/v1/movies", "write" },
        { "PUT", "/v1/movies/m01", "write" },
        { "DELETE", "/v1/movies/m01", "write" },
        { "PUT", "/v1/users/alice/consent", "write" },
        { "GET", "/v1/users/alice/profile", "admin" },
        { "GET", "/v1/users/alice/export", "admin" },
        { "DELETE", "/v1/users/alice", "admin" },
        { "GET", "/health/live", "none" },
        { "GET", "/health/ready", "none" },
        { "GET", "/openapi/v1.json", "none" },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Any_EachScope_AllowedFromTheNeededOneUp(string method, string path, string needed)
    {
        await using var app = await TestApp.StartAsync(remote: IPAddress.Parse("203.0.113.7"));
        string?[] names = [null, "read", "write", "admin"];
        var keys = names.Select(n => n is null ? null : app.Keys.Create(n, Enum.Parse<ApiScope>(n, ignoreCase: true)).Key).ToArray();
        var least = needed == "none" ? 0 : Array.IndexOf(names, needed);
        for (var i = 0; i < names.Length; i++)
        {
            using var client = app.NewClient(keys[i]);
            using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
            if (i >= least)
            {
                Assert.NotEqual(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
            }
            else if (i == 0)
            {
                await TestApp.ProblemAsync(response, 401, "unauthorized");
                Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            }
            else
            {
                var problem = await TestApp.ProblemAsync(response, 403, "forbidden");
                Assert.Contains($"--scope {needed}", problem.GetProperty("detail").GetString());
            }
        }
    }

    [Fact]
    public async Task Any_KeyInTheOtherHeader_Accepted()
    {
        await using var app = await TestApp.StartAsync();
        var key = app.Keys.Create("a", ApiScope.Read).Key;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/popular");
        request.Headers.Add("X-Api-Key", key);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer")]
    [InlineData("Digest abc")]
    [InlineData("Basic !!!")]
    public async Task Any_BadCredentials_401(string authorization)
    {
        await using var app = await TestApp.StartAsync();
        app.Keys.Create("a", ApiScope.Read);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/popular");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        await TestApp.ProblemAsync(await app.Client.SendAsync(request), 401, "unauthorized");
    }

    [Fact]
    public async Task Any_KeyAddedAndRevokedByAnotherProcess_InEffectWithoutRestart()
    {
        await using var app = await TestApp.StartAsync();
        using var open = await app.Client.GetAsync("/v1/popular");
        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        var tool = new ApiKeyStore(app.Folder);

        var created = tool.Create("a", ApiScope.Read);
        app.Time.Advance(TimeSpan.FromSeconds(1));

        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/popular"), 401, "unauthorized");
        using var client = app.NewClient(created.Key);
        using var allowed = await client.GetAsync("/v1/popular");
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);

        tool.Create("b", ApiScope.Read);
        tool.Revoke(created.Info.Id);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await TestApp.ProblemAsync(await client.GetAsync("/v1/popular"), 401, "unauthorized");
    }

    [Fact]
    public async Task Audit_WithKey_NamesTheKey()
    {
        await using var app = await TestApp.StartAsync();
        var created = app.Keys.Create("a", ApiScope.Admin);
        using var client = app.NewClient(created.Key);

        using var response = await client.DeleteAsync("/v1/users/alice");

        Assert.Equal(created.Info.Id, Assert.Single(app.Audit.Entries).Who);
    }

    [Theory]
    [InlineData("http://localhost", "127.0.0.1", true)]
    [InlineData("http://localhost:5000", "::1", true)]
    [InlineData("http://127.0.0.1", "127.0.0.1", true)]
    [InlineData("http://[::1]", "::1", true)]
    [InlineData("http://rebound.example", "127.0.0.1", false)]
    [InlineData("http://localhost.example", "127.0.0.1", false)]
    [InlineData("http://192.168.1.5", "127.0.0.1", false)]
    [InlineData("http://localhost", "192.168.1.5", false)]
    public async Task Any_WithoutKeys_OnlyThisMachineByItsOwnNames(string address, string remote, bool allowed)
    {
        await using var app = await TestApp.StartAsync(remote: IPAddress.Parse(remote));

        using var response = await app.Client.GetAsync(address + "/v1/popular");

        if (allowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            var problem = await TestApp.ProblemAsync(response, 403, "local-only");
            Assert.Contains("cinegrain keys create", problem.GetProperty("detail").GetString());
        }
    }

    [Theory]
    [InlineData("http://localhost:5000", true)]
    [InlineData("http://127.0.0.1:5000;http://[::1]:5000", true)]
    [InlineData("http://unix:/tmp/socket", true)]
    [InlineData("http://0.0.0.0:5000", false)]
    [InlineData("http://*:5000", false)]
    [InlineData("http://+:80", false)]
    [InlineData("http://[::]:5000", false)]
    [InlineData("http://localhost:5000;https://movies.example", false)]
    public void LoopbackGuard_WithoutKeys_RefusesOtherAddresses(string urls, bool allowed)
    {
        var folder = Directory.CreateTempSubdirectory("cinegrain-guard-").FullName;
        var keys = new ApiKeyStore(folder);

        var refusal = LoopbackGuard.Refusal(urls.Split(';'), keys);

        Assert.Equal(allowed, refusal is null);
        if (refusal is not null)
        {
            Assert.Contains($"cinegrain keys create --scope admin --data {folder}", refusal);
            keys.Create("a", ApiScope.Admin);
            Assert.Null(LoopbackGuard.Refusal(urls.Split(';'), keys));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Any_KeyAboveItsLimit_429UntilTheClockMoves()
    {
        await using var app = await TestApp.StartAsync(o => o with { KeyLimit = new RateLimit(PerSecond: 0.5, Burst: 2) });
        using var client = app.NewClient(app.Keys.Create("a", ApiScope.Read).Key);
        using var other = app.NewClient(app.Keys.Create("b", ApiScope.Read).Key);
        for (var i = 0; i < 2; i++)
        {
            using var good = await client.GetAsync("/v1/popular");
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        }

        using var refused = await client.GetAsync("/v1/popular");
        await TestApp.ProblemAsync(refused, 429, "too-many-requests");
        Assert.Equal("2", refused.Headers.RetryAfter!.ToString());
        using var others = await other.GetAsync("/v1/popular");
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);

        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var again = await client.GetAsync("/v1/popular");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.8", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", true)]
    [InlineData("203.0.113.7", "::ffff:203.0.113.7", false)]
    public async Task Any_AddressAboveItsLimit_429ForItAlone(string first, string second, bool isOther)
    {
        await using var app = await TestApp.StartAsync(o => o with { AddressLimit = new RateLimit(PerSecond: 1, Burst: 1) });
        app.Keys.Create("a", ApiScope.Read);
        await TestApp.ProblemAsync(await GetFromAsync(app, first, "/v1/popular"), 401, "unauthorized");
        await TestApp.ProblemAsync(await GetFromAsync(app, first, "/v1/popular"), 429, "too-many-requests");

        Assert.Equal(isOther ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, (await GetFromAsync(app, second, "/v1/popular")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetFromAsync(app, first, "/health/live")).StatusCode);
    }

    [Theory]
    [InlineData("10.0.0.9", "203.0.113.7", "203.0.113.8", HttpStatusCode.Unauthorized)]
    [InlineData("10.0.0.9", "203.0.113.7", "203.0.113.7", HttpStatusCode.TooManyRequests)]
    [InlineData("10.0.0.9", "203.0.113.7", "1.2.3.4, 203.0.113.7", HttpStatusCode.TooManyRequests)]
    [InlineData("10.0.0.9", "203.0.113.7, 10.2.3.4", "203.0.113.8, 10.2.3.4", HttpStatusCode.Unauthorized)]
    [InlineData("192.0.2.1", "203.0.113.7", "203.0.113.8", HttpStatusCode.Unauthorized)]
    [InlineData("192.0.2.2", "203.0.113.7", "203.0.113.8", HttpStatusCode.TooManyRequests)]
    public async Task Any_BehindAProxy_LimitIsOfTheAddressThatATrustedProxyNames(string proxy, string first, string second, HttpStatusCode expected)
    {
        await using var app = await TestApp.StartAsync(o => o with
        {
            AddressLimit = new RateLimit(PerSecond: 1, Burst: 1), TrustedProxies = ["10.0.0.0/8", "192.0.2.1"],
        });
        app.Keys.Create("a", ApiScope.Read);
        await TestApp.ProblemAsync(await GetFromAsync(app, proxy, "/v1/popular", first), 401, "unauthorized");

        Assert.Equal(expected, (await GetFromAsync(app, proxy, "/v1/popular", second)).StatusCode);
    }

    [Fact]
    public async Task Any_WithoutKeysBehindATrustedProxyOfThisMachine_IsForThisMachineAlone()
    {
        await using var app = await TestApp.StartAsync(o => o with { TrustedProxies = ["127.0.0.1"] });

        await TestApp.ProblemAsync(await GetFromAsync(app, "127.0.0.1", "/v1/popular", "203.0.113.7"), 403, "local-only");
        Assert.Equal(HttpStatusCode.OK, (await GetFromAsync(app, "127.0.0.1", "/v1/popular")).StatusCode);
    }

    [Fact]
    public async Task Page_WithKeys_AsksTheBrowserForOne()
    {
        await using var app = await TestApp.StartAsync(map: a => a.MapGet("/page", () => "page").RequireKeyOfBrowser(ApiScope.Write));
        Assert.Equal("page", await app.Client.GetStringAsync("/page"));
        var key = app.Keys.Create("a", ApiScope.Write).Key;

        using var asked = await app.Client.GetAsync("/page");
        Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
        Assert.Contains(asked.Headers.WwwAuthenticate, h => h.Scheme == "Basic");

        using var client = app.NewClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + key)));
        Assert.Equal("page", await client.GetStringAsync("/page"));

        // A browser sends these credentials by itself, also for pages of others: the API does not take them.
        await TestApp.ProblemAsync(await client.GetAsync("/v1/popular"), 401, "unauthorized");
    }

    [Fact]
    public async Task Metrics_Open_NeedNoKey()
    {
        await using var app = await TestApp.StartAsync(o => o with { OpenMetrics = true });
        app.Keys.Create("a", ApiScope.Read);

        using var response = await app.Client.GetAsync("/metrics");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static Task<HttpResponseMessage> GetFromAsync(TestApp app, string address, string path, string? forwardedFor = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Test-Remote", address);
        if (forwardedFor is not null)
        {
            request.Headers.Add("X-Forwarded-For", forwardedFor);
        }

        return app.Client.SendAsync(request);
    }
}
