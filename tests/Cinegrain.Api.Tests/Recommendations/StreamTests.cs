using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Cinegrain.Api.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Api.Tests.Recommendations;

public sealed class StreamTests
{
    private const string Path = "/v1/users/alice/recommendations/stream";

    [Fact]
    public async Task Stream_Change_SendsTheFirstListThenTheNewOne()
    {
        await using var app = await TestApp.StartAsync();
        using var response = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await using var events = SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();

        Assert.True(await events.MoveNextAsync());
        Assert.Equal("message", events.Current.EventType);
        Assert.Equal("m01", First(events.Current.Data));
        Assert.Equal(JsonDocument.Parse(events.Current.Data).RootElement.GetProperty("modelPosition").GetString(), events.Current.EventId);

        await app.RateAsync("alice", "m01");
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("m02", First(events.Current.Data));
    }

    [Fact]
    public async Task Stream_Quiet_SendsHeartbeats()
    {
        await using var app = await TestApp.StartAsync();
        using var response = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
        await using var events = SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());

        for (var i = 0; i < 2; i++)
        {
            var next = events.MoveNextAsync();

            // The timer is set a moment after the event before it was sent: move the clock until it fires.
            while (!next.IsCompleted)
            {
                app.Time.Advance(TimeSpan.FromSeconds(15));
                await Task.Yield();
            }

            Assert.True(await next);
            Assert.Equal("heartbeat", events.Current.EventType);
        }

        await app.RateAsync("alice", "m01");
        do
        {
            Assert.True(await events.MoveNextAsync());
        }
        while (events.Current.EventType == "heartbeat");

        Assert.Equal("m02", First(events.Current.Data));
    }

    [Fact]
    public async Task Stream_CallerLeaves_WatchEnds()
    {
        await using var app = await TestApp.StartAsync();
        var response = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
        await using (var events = SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator())
        {
            Assert.True(await events.MoveNextAsync());
        }

        Assert.Equal(1, app.Recommender.OpenWatches);
        response.Dispose();

        await Eventually.TrueAsync(() => app.Recommender.OpenWatches == 0);
        Assert.DoesNotContain(app.Logs.Lines, l => l.Contains(" Error ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_MoreThanAllowed_503AndFreeAgainAfterOneLeaves()
    {
        await using var app = await TestApp.StartAsync(o => o with { MaximumStreams = 1 });
        var first = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);

        using var second = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
        await TestApp.ProblemAsync(second, 503, "unavailable");
        Assert.NotNull(second.Headers.RetryAfter);

        first.Dispose();
        await Eventually.TrueAsync(() => app.Recommender.OpenWatches == 0);
        await Eventually.TrueAsync(async () =>
        {
            using var third = await app.Client.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
            return third.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task Stream_HostUnavailableAtTheStart_503()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Failure = new UnavailableException("away", TimeSpan.FromSeconds(1));

        await TestApp.ProblemAsync(await app.Client.GetAsync(Path), 503, "unavailable");
    }

    [Fact]
    public async Task Stream_BadParameter_400()
    {
        await using var app = await TestApp.StartAsync();

        await TestApp.ProblemAsync(await app.Client.GetAsync(Path + "?n=0"), 400, "invalid-parameters");
    }

    private static string First(string json) => JsonDocument.Parse(json).RootElement.GetProperty("items")[0].GetProperty("movie").GetString()!;
}
