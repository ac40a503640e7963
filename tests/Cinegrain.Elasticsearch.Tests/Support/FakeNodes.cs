using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Cinegrain.Elasticsearch.Tests.Support;

/// <summary>Nodes that answer as a test says, for what a real one cannot be made to do.</summary>
internal sealed class FakeNodes(Func<FakeRequest, FakeAnswer> answer) : HttpMessageHandler
{
    private readonly ConcurrentQueue<FakeRequest> _requests = new();

    public IReadOnlyList<FakeRequest> Requests => [.. _requests];

    public ElasticsearchClient Client(int attempts = 4, int bulkBytes = 1 << 20, params string[] nodes) => new(
        new ElasticsearchOptions
        {
            Nodes = [.. (nodes.Length > 0 ? nodes : ["http://node-1:9200"]).Select(node => new Uri(node))],
            Attempts = attempts,
            BulkBytes = bulkBytes,
        },
        TimeProvider.System,
        this);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var asked = new FakeRequest(request.Method, request.RequestUri!, body, request.Headers.Authorization?.ToString());
        _requests.Enqueue(asked);
        var answered = answer(asked);
        return answered.Status == 0
            ? throw new HttpRequestException("Connection refused")
            : new HttpResponseMessage((HttpStatusCode)answered.Status) { Content = new StringContent(answered.Body, Encoding.UTF8, "application/json") };
    }
}

internal sealed record FakeRequest(HttpMethod Method, Uri Uri, string Body, string? Authorization)
{
    /// <summary>Ids of the documents of a bulk request, in order.</summary>
    public IReadOnlyList<string> BulkIds =>
        [.. Body.Split('\n').Where((_, line) => line % 2 == 0).Where(line => line.Length > 0)
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("index").GetProperty("_id").GetString()!)];
}

/// <summary>An answer; status 0 is a connection that is refused.</summary>
internal readonly record struct FakeAnswer(int Status, string Body = "{}")
{
    public static FakeAnswer Error(int status, string type) => new(status, $$"""{"error":{"type":"{{type}}","reason":"of a document"},"status":{{status}}}""");

    /// <summary>Answer to a bulk request: a status and error type for each document; 201 is written.</summary>
    public static FakeAnswer Bulk(IEnumerable<(int Status, string Type)> items) => new(200, "{\"took\":1,\"errors\":true,\"items\":[" + string.Join(',', items.Select(item =>
        $"{{\"index\":{{\"status\":{item.Status}" + (item.Status < 300 ? "" : $",\"error\":{{\"type\":\"{item.Type}\"}}") + "}}")) + "]}");
}
