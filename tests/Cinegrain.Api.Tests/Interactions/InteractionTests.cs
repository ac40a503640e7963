using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cinegrain.Api.Interactions;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Api.Tests.Interactions;

public sealed class InteractionTests
{
    private const string Path = "/v1/interactions";
    private const string Good = """{"user":"alice","movie":"m01","kind":"rate","value":4}""";

    [Fact]
    public async Task Post_OneObject_202WithIdAndPosition()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PostAsync(Path, TestApp.Json(Good));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var receipt = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.InteractionsResponse)!;
        Assert.Equal(1, receipt.Accepted);
        Assert.Single(receipt.Ids);
        Assert.NotEmpty(receipt.Position);
        Assert.Empty(receipt.Rejected);
        var line = Assert.Single(Assert.Single(app.Recommender.Submitted).Lines);
        Assert.Equal(1, line.Number);
        Assert.Equal(Good, Encoding.UTF8.GetString(line.Utf8Json.Span));
    }

    [Fact]
    public async Task Post_Array_ElementsNumberedFromOne()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PostAsync(Path, TestApp.Json(" [ " + Good + """ , {"movie":"none","user":"a","kind":"like"}, 7, {"user":{"a":[1]}} ] """));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var receipt = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.InteractionsResponse)!;
        Assert.Equal(1, receipt.Accepted);
        Assert.Equal([2, 3, 4], receipt.Rejected.Select(r => r.Line));
        Assert.Equal(
            [Good, """{"movie":"none","user":"a","kind":"like"}""", "7", """{"user":{"a":[1]}}"""],
            app.Recommender.Submitted.Single().Lines.Select(l => Encoding.UTF8.GetString(l.Utf8Json.Span)));
    }

    [Fact]
    public async Task Post_Lines_NumberedAsInTheBody()
    {
        await using var app = await TestApp.StartAsync();

        using var response = await app.Client.PostAsync(Path, TestApp.Json($"\uFEFF{Good}\r\n\n  \nnonsense\n{Good}", "application/x-ndjson"));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var receipt = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), ApiJson.Web.InteractionsResponse)!;
        Assert.Equal(2, receipt.Accepted);
        var rejected = Assert.Single(receipt.Rejected);
        Assert.Equal((4, "malformed"), (rejected.Line, rejected.Reason));
        Assert.Equal([1, 4, 5], app.Recommender.Submitted.Single().Lines.Select(l => l.Number));
    }

    [Fact]
    public async Task Post_ThousandsOfLines_AllTaken()
    {
        await using var app = await TestApp.StartAsync(kestrel: true);

        using var response = await app.Client.PostAsync(Path, TestApp.Json(string.Concat(Enumerable.Repeat(Good + "\n", 10_000)), "application/x-ndjson"));

        Assert.Equal(10_000, (await TestApp.ReadAsync(response)).GetProperty("accepted").GetInt32());
    }

    [Theory]
    [InlineData("application/x-ndjson")]
    [InlineData("application/json")]
    public async Task Post_MoreThanTenThousand_413(string type)
    {
        await using var app = await TestApp.StartAsync();
        var body = type == "application/json"
            ? $"[{string.Join(',', Enumerable.Repeat("{}", 10_001))}]"
            : string.Concat(Enumerable.Repeat("{}\n", 10_001));

        await TestApp.ProblemAsync(await app.Client.PostAsync(Path, TestApp.Json(body, type)), 413, "too-large");
        Assert.Empty(app.Recommender.Submitted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_BodyAboveTheLimit_413(bool lengthIsKnown)
    {
        await using var app = await TestApp.StartAsync(kestrel: true);
        var body = new byte[10_000_001];
        Array.Fill(body, (byte)' ');
        body[0] = (byte)'{';
        using var request = new HttpRequestMessage(HttpMethod.Post, Path);
        request.Content = lengthIsKnown ? new ByteArrayContent(body) : new StreamContent(new MemoryStream(body));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = !lengthIsKnown;
        request.Headers.ExpectContinue = lengthIsKnown;

        await TestApp.ProblemAsync(await app.Client.SendAsync(request), 413, "too-large");
        Assert.Empty(app.Recommender.Submitted);
    }

    [Fact]
    public async Task Post_BodyOfExactlyTheLimit_Read()
    {
        await using var app = await TestApp.StartAsync(kestrel: true);
        var body = Good + new string(' ', 10_000_000 - Good.Length);

        using var response = await app.Client.PostAsync(Path, TestApp.Json(body));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Post_OneObjectRefused_422WithItsReason()
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(
            await app.Client.PostAsync(Path, TestApp.Json("""{"user":"alice","movie":"none","kind":"like"}""")), 422, "rejected");

        Assert.Equal("unknown-movie", problem.GetProperty("reason").GetString());
        Assert.Equal("The line is refused as unknown-movie; send it right.", problem.GetProperty("detail").GetString());
        Assert.Equal(1, problem.GetProperty("rejected")[0].GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task Post_AllLinesRefused_422WithAllReasons()
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(
            await app.Client.PostAsync(Path, TestApp.Json("{}\n{\"user\":\"a\",\"movie\":\"none\",\"kind\":\"like\"}\n", "application/x-ndjson")), 422, "rejected");

        Assert.Equal(["malformed", "unknown-movie"], problem.GetProperty("rejected").EnumerateArray().Select(r => r.GetProperty("reason").GetString()));
    }

    [Theory]
    [InlineData("{", "malformed-json")]
    [InlineData("{\"value\":NaN}", "malformed-json")]
    [InlineData("{\"value\":1e}", "malformed-json")]
    [InlineData("{} {}", "malformed-json")]
    [InlineData("[{},]", "malformed-json")]
    [InlineData("'a'", "malformed-json")]
    [InlineData("7", "bad-request")]
    [InlineData("null", "bad-request")]
    [InlineData("\"text\"", "bad-request")]
    [InlineData("[]", "bad-request")]
    [InlineData("", "bad-request")]
    [InlineData(" \r\n\t ", "bad-request")]
    public async Task Post_BodyThatIsNoObject_400(string body, string code)
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.PostAsync(Path, TestApp.Json(body)), 400, code);
        Assert.Empty(app.Recommender.Submitted);
    }

    [Fact]
    public async Task Post_MalformedJson_ProblemSaysWhereAndQuotesNothing()
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await app.Client.PostAsync(Path, TestApp.Json("{\"user\":\"alice\",\n\"movie\":secret}")), 400, "malformed-json");

        Assert.Contains("line 2, byte 9", problem.GetProperty("detail").GetString());
        Assert.DoesNotContain("secret", problem.ToString());
    }

    [Fact]
    public async Task Post_InvalidUtf8_400()
    {
        await using var app = await TestApp.StartAsync();
        var content = new ByteArrayContent([.. "{\"user\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        await TestApp.ProblemAsync(await app.Client.PostAsync(Path, content), 400, "malformed-json");
    }

    [Fact]
    public async Task Post_NestedTooDeep_400()
    {
        await using var app = await TestApp.StartAsync();
        var body = $"{{\"user\":{new string('[', 100_000)}{new string(']', 100_000)}}}";

        var problem = await TestApp.ProblemAsync(await app.Client.PostAsync(Path, TestApp.Json(body)), 400, "malformed-json");

        Assert.Contains("nested", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData(null)]
    [InlineData("nonsense")]
    public async Task Post_OtherContentType_415(string? type)
    {
        await using var app = await TestApp.StartAsync();
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Good));
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        var problem = await TestApp.ProblemAsync(await app.Client.PostAsync(Path, content), 415, "unsupported-media-type");

        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.Empty(app.Recommender.Submitted);
    }

    [Fact]
    public async Task Post_Compressed_415()
    {
        await using var app = await TestApp.StartAsync();
        var content = TestApp.Json(Good);
        content.Headers.ContentEncoding.Add("gzip");

        await TestApp.ProblemAsync(await app.Client.PostAsync(Path, content), 415, "unsupported-media-type");
    }

    [Fact]
    public async Task Post_IdempotencyKey_ReachesTheIntakeAndARepeatChangesNothing()
    {
        await using var app = await TestApp.StartAsync();
        var first = await SendAsync(app, "key 1");
        var second = await SendAsync(app, "key 1");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(
            (await TestApp.ReadAsync(first)).GetProperty("ids").ToString(),
            (await TestApp.ReadAsync(second)).GetProperty("ids").ToString());
        Assert.Equal(["key 1", "key 1"], app.Recommender.Submitted.Select(s => s.Key));
    }

    [Theory]
    [InlineData("   ")]
    [InlineData("kéy")]
    [InlineData(null)]
    public async Task Post_BadIdempotencyKey_400(string? key)
    {
        await using var app = await TestApp.StartAsync();

        var problem = await TestApp.ProblemAsync(await SendAsync(app, key ?? new string('k', 201)), 400, "invalid-parameters");

        Assert.True(problem.GetProperty("errors").TryGetProperty("Idempotency-Key", out _));
        Assert.Empty(app.Recommender.Submitted);
    }

    [Fact]
    public async Task Post_LogFull_503()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Failure = new UnavailableException("full", TimeSpan.FromMilliseconds(1));

        using var response = await app.Client.PostAsync(Path, TestApp.Json(Good));

        await TestApp.ProblemAsync(response, 503, "unavailable");
        Assert.Equal("1", response.Headers.RetryAfter!.ToString());
    }

    private static Task<HttpResponseMessage> SendAsync(TestApp app, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = TestApp.Json(Good) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return app.Client.SendAsync(request);
    }
}
