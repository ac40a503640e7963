using System.Net;
using System.Text.Json;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Api.Tests.Users;

public sealed class UserTests
{
    [Fact]
    public async Task Profile_KnownUser_UnderTheCallersId()
    {
        await using var app = await TestApp.StartAsync();
        await app.RateAsync("alice", "m01");

        using var response = await app.Client.GetAsync("/v1/users/alice/profile");

        var profile = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.ProfileResponse)!;
        Assert.Equal(("alice", TestApp.PseudonymOf("alice"), true, 1), (profile.User, profile.Pseudonym, profile.Learning, profile.Interactions));
        Assert.Equal("m01", Assert.Single(profile.Recent).Movie);
        Assert.True(response.Headers.CacheControl!.NoStore);
        AssertAudited(app, AuditAction.ProfileRead);
    }

    [Theory]
    [InlineData("profile")]
    [InlineData("export")]
    public async Task Get_UnknownUser_404(string what)
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.GetAsync($"/v1/users/nobody/{what}"), 404, "not-found");
    }

    [Fact]
    public async Task Export_KnownUser_FileOfEveryRecord()
    {
        await using var app = await TestApp.StartAsync();
        await app.RateAsync("alice", "m01");
        await app.RateAsync("alice", "m02");

        using var response = await app.Client.GetAsync("/v1/users/alice/export");

        Assert.Equal("attachment", response.Content.Headers.ContentDisposition!.DispositionType);
        var export = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.ExportResponse)!;
        Assert.Equal(("alice", app.Time.GetUtcNow()), (export.User, export.ExportedAt));
        Assert.Equal(["m01", "m02"], export.Records.Select(r => r.GetProperty("movie").GetString()));
        Assert.All(export.Records, r => Assert.Equal("interaction", r.GetProperty("type").GetString()));
        AssertAudited(app, AuditAction.Exported);
    }

    [Fact]
    public async Task Export_LongLog_Whole()
    {
        await using var app = await TestApp.StartAsync(kestrel: true);
        var line = """{"user":"alice","movie":"m01","kind":"like"}""" + "\n";
        for (var i = 0; i < 2; i++)
        {
            using var post = await app.Client.PostAsync("/v1/interactions", TestApp.Json(string.Concat(Enumerable.Repeat(line, 10_000)), "application/x-ndjson"));
            Assert.Equal(HttpStatusCode.Accepted, post.StatusCode);
        }

        var export = await TestApp.ReadAsync(await app.Client.GetAsync("/v1/users/alice/export"));

        Assert.Equal(20_000, export.GetProperty("records").GetArrayLength());
    }

    [Fact]
    public async Task Delete_KnownUser_ReportAndNothingLeft()
    {
        await using var app = await TestApp.StartAsync();
        await app.RateAsync("alice", "m01");

        using var response = await app.Client.DeleteAsync("/v1/users/alice");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var report = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.ErasureResponse)!;
        Assert.Equal(("alice", 1), (report.User, report.Removed["log records"]));
        Assert.Single(report.Remaining);
        AssertAudited(app, AuditAction.Erased);
        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/users/alice/profile"), 404, "not-found");
    }

    [Fact]
    public async Task Delete_UnknownUser_Report()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.DeleteAsync("/v1/users/nobody");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("false", AuditAction.ConsentWithdrawn)]
    [InlineData("true", AuditAction.ConsentGiven)]
    public async Task PutConsent_Either_InEffectAndAudited(string learning, AuditAction action)
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PutAsync("/v1/users/alice/consent", TestApp.Json($$"""{"learning":{{learning}},"extra":1}"""));

        var consent = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.ConsentResponse)!;
        Assert.Equal(("alice", learning == "true"), (consent.User, consent.Learning));
        Assert.NotEmpty(consent.Position);
        AssertAudited(app, action);
        var profile = await TestApp.ReadAsync(await app.Client.GetAsync("/v1/users/alice/profile"));
        Assert.Equal(learning == "true", profile.GetProperty("learning").GetBoolean());
    }

    [Theory]
    [InlineData("{}", 400, "bad-request")]
    [InlineData("""{"learning":"no"}""", 400, "bad-request")]
    [InlineData("""{"learning":null}""", 400, "bad-request")]
    [InlineData("null", 400, "bad-request")]
    [InlineData("[]", 400, "bad-request")]
    [InlineData("{", 400, "malformed-json")]
    [InlineData("", 400, "bad-request")]
    public async Task PutConsent_BadBody_400AndNothingAudited(string body, int status, string code)
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.PutAsync("/v1/users/alice/consent", TestApp.Json(body)), status, code);
        Assert.Empty(app.Audit.Entries);
    }

    [Fact]
    public async Task Get_AuditAway_503AndNothingRead()
    {
        await using var app = await TestApp.StartAsync();
        app.Audit.Failure = new UnavailableException("away", TimeSpan.FromSeconds(1));

        await TestApp.ProblemAsync(await app.Client.GetAsync("/v1/users/alice/profile"), 503, "unavailable");
        Assert.Empty(app.Recommender.Seen);
    }

    private static void AssertAudited(TestApp app, AuditAction action) =>
        Assert.Equal(new AuditEvent(app.Time.GetUtcNow(), "local", action, TestApp.PseudonymOf("alice")), Assert.Single(app.Audit.Entries));
}
