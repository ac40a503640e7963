using System.Net;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The disk fills up while the host runs.</summary>
public sealed class FullDiskTests
{
    [MountFact]
    public async Task DiskFull_WhileRunning_IsToldWith503AndLosesNothing()
    {
        using var mount = new TestMount("96m");
        await using var host = await StandaloneProcess.StartReadyAsync(mount.Path, "--checkpoint-seconds", "0.2");
        await Films.PutAsync(host);
        await PostAsync(host, 0, HttpStatusCode.Accepted);
        mount.Fill();

        // What is there of the WAL takes some batches more.
        var acknowledged = 1;
        HttpResponseMessage refused;
        while ((refused = await host.PostLinesAsync("/v1/interactions", Batch(acknowledged), $"batch-{acknowledged}")).StatusCode == HttpStatusCode.Accepted)
        {
            Assert.InRange(++acknowledged, 0, 5_000);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.Equal(10, (await host.GetAsync("/v1/users/viewer-1/recommendations")).GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/health/live")).StatusCode);

        mount.Free();
        await StandaloneProcess.UntilAsync(async () =>
            (await host.PostLinesAsync("/v1/interactions", Batch(acknowledged), $"batch-{acknowledged}")).StatusCode == HttpStatusCode.Accepted);
        await PostAsync(host, acknowledged + 1, HttpStatusCode.Accepted);
        Assert.Equal(0, await host.StopAsync());

        using var reference = await Reference.ReadAsync(mount.Path);
        Assert.Equal((acknowledged + 2) * 100, reference.Users.Values.Sum(actor => actor.State.Interactions));
        await reference.AssertStoredAsync(mount.Path);
    }

    private static IEnumerable<string> Batch(int number)
    {
        var random = new Random(number);
        return Enumerable.Range(0, 100).Select(i => Films.Rate(
            $"viewer-{i}", Films.Catalogue[random.Next(Films.Catalogue.Count)].Id, 4, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(number)));
    }

    private static async Task PostAsync(StandaloneProcess host, int number, HttpStatusCode expected) =>
        await StandaloneProcess.ReadAsync(await host.PostLinesAsync("/v1/interactions", Batch(number), $"batch-{number}"), expected);
}
