using System.Net;
using System.Text;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>One trace through gateway, log and silo, as a collector gets it.</summary>
public sealed class TracingTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c", Parent = $"00-{TraceId}-b7ad6b7169203331-01";

    [ProcessFact]
    public async Task Post_ThenList_IsOneTraceFromTheRequestToWhatUserAndMovieLearned()
    {
        await using var collector = new OtlpReceiver();
        Environment.SetEnvironmentVariable(OtlpReceiver.ProtocolVariable, OtlpReceiver.Protocol);
        await using var cluster = ClusterProcesses.Start();
        var gateway = await cluster.StartGatewayAsync("--otlp-endpoint", collector.Url);
        await cluster.StartSiloAsync("--otlp-endpoint", collector.Url);
        await gateway.ReadyAsync();
        await ClusterProcesses.PutCatalogueAsync(gateway);

        var line = JsonSerializer.Serialize(new { user = "ann", movie = ClusterProcesses.Catalogue[0].Id, kind = "like" });
        using var post = new HttpRequestMessage(HttpMethod.Post, "/v1/interactions") { Content = new StringContent(line, Encoding.UTF8, "application/json") };
        post.Headers.Add("traceparent", Parent);
        var receipt = await ServerProcess.ReadAsync(await gateway.Client.SendAsync(post), HttpStatusCode.Accepted);
        using var get = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/ann/recommendations?after={receipt.GetProperty("position").GetString()}");
        get.Headers.Add("traceparent", Parent);
        await ServerProcess.ReadAsync(await gateway.Client.SendAsync(get), HttpStatusCode.OK);

        string[] names = ["POST /v1/interactions", "learn user", "learn movie", "GET /v1/users/{user}/recommendations", "recommend"];
        await ServerProcess.UntilAsync(() => Task.FromResult(names.All(name => collector.Spans.Any(span => span.Name == name))));
        var spans = names.ToDictionary(name => name, name => collector.Spans.First(span => span.Name == name));
        Assert.All(spans.Values, span => Assert.Equal(TraceId, span.TraceId));
        Assert.Equal(spans["POST /v1/interactions"].SpanId, spans["learn user"].ParentSpanId);
        Assert.Equal(spans["learn user"].SpanId, spans["learn movie"].ParentSpanId);

        // From the list's span up to the request, by the calls between them, which end after it and may be sent later.
        await ServerProcess.UntilAsync(() =>
        {
            var all = collector.Spans.ToDictionary(span => span.SpanId);
            var above = spans["recommend"];
            while (all.TryGetValue(above.ParentSpanId, out var parent))
            {
                above = parent;
            }

            return Task.FromResult(above.Name == "GET /v1/users/{user}/recommendations");
        });

        // A silo begins no traces of its own: its checkpoints and timers are none.
        await gateway.GetAsync("/v1/popular");
        Assert.DoesNotContain(collector.Spans, span => span.Name.Contains("Persist", StringComparison.Ordinal) || span.Name.Contains("Weights", StringComparison.Ordinal));
    }
}
