using System.Text;
using System.Text.Json;
using Cinegrain.Elasticsearch;
using Cinegrain.Model.Catalogue;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>An Elasticsearch, that which CINEGRAIN_TEST_ELASTICSEARCH names unless another is given, and in it the indices of one test.</summary>
internal sealed class TestElasticsearch(Uri? server = null) : IAsyncDisposable
{
    public const string Variable = "CINEGRAIN_TEST_ELASTICSEARCH";

    private const int MostAttempts = 300;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly HttpClient Http = new();

    private readonly Uri _server = server ?? new Uri(Url!);
    private ElasticsearchClient? _client;

    public static string? Url { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url ? url : null;

    public string Prefix { get; } = $"test-{Guid.NewGuid():N}";

    /// <summary>Options of a host that keeps its states here.</summary>
    public string[] Options => ["--store", "elasticsearch", "--elasticsearch-urls", $"{_server}", "--elasticsearch-prefix", Prefix];

    public ElasticsearchStateStore OpenStore() => new(
        _client ??= new ElasticsearchClient(new ElasticsearchOptions { Nodes = [_server], Prefix = Prefix }, TimeProvider.System),
        NullLogger<ElasticsearchStateStore>.Instance, (MovieIndex?)null);

    public async Task<JsonElement> AskAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(_server, path));
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    /// <summary>Index, id and source of every document of the test that has a text anywhere, refreshed.</summary>
    public async Task<List<(string Index, string Id, string Source)>> FindAsync(string text)
    {
        await AskAsync(HttpMethod.Post, $"{Prefix}-*/_refresh");
        var found = new List<(string, string, string)>();
        var page = await AnsweredAsync("hits", HttpMethod.Post, $"{Prefix}-*/_search?scroll=1m&allow_partial_search_results=false", """{"size":5000,"sort":["_doc"]}""");
        while (Hits(page) is var hits && hits.GetArrayLength() > 0)
        {
            found.AddRange(hits.EnumerateArray()
                .Where(hit => hit.GetRawText().Contains(text, StringComparison.Ordinal) || StateHas(hit.GetProperty("_source"), text))
                .Select(hit => (hit.GetProperty("_index").GetString()!, hit.GetProperty("_id").GetString()!, hit.GetProperty("_source").GetRawText())));
            page = await AskAsync(HttpMethod.Post, "_search/scroll", $$"""{"scroll":"1m","scroll_id":"{{page.GetProperty("_scroll_id").GetString()}}"}""");
        }

        // A node keeps 500 of them at most, and those who wait for a document ask often.
        await AskAsync(HttpMethod.Delete, "_search/scroll", $$"""{"scroll_id":"{{page.GetProperty("_scroll_id").GetString()}}"}""");
        return found;
    }

    /// <summary>Documents that an alias of the test shows, refreshed.</summary>
    public async Task<long> CountAsync(string alias)
    {
        await AskAsync(HttpMethod.Post, $"{Prefix}-*/_refresh");
        return (await AnsweredAsync("count", HttpMethod.Get, $"{Prefix}-{alias}/_count?ignore_unavailable=true")).GetProperty("count").GetInt64();
    }

    /// <summary>Deletes indices of the test.</summary>
    public async Task DeleteAsync(string pattern)
    {
        foreach (var index in (await AskAsync(HttpMethod.Get, $"_cat/indices/{Prefix}-{pattern}?format=json&h=index")).EnumerateArray())
        {
            await AskAsync(HttpMethod.Delete, index.GetProperty("index").GetString()!);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DeleteAsync("*");
        await AskAsync(HttpMethod.Delete, $"_index_template/{Prefix}-*");
        _client?.Dispose();
    }

    /// <summary>Asks until the answer has a property: the shards of an index that was made a moment ago may not have started, and then it is an error.</summary>
    private async Task<JsonElement> AnsweredAsync(string property, HttpMethod method, string path, string? body = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = await AskAsync(method, path, body);
            if (answer.TryGetProperty(property, out _))
            {
                return answer;
            }

            if (attempt == MostAttempts)
            {
                throw new InvalidOperationException($"Elasticsearch has no answer: {answer.GetRawText()}");
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    private static JsonElement Hits(JsonElement page) => page.TryGetProperty("hits", out var hits)
        ? hits.GetProperty("hits")
        : throw new InvalidOperationException($"Elasticsearch did not search: {page.GetRawText()}");

    private static bool StateHas(JsonElement source, string text) => source.TryGetProperty("state", out var state)
        && state.GetBytesFromBase64().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
}
