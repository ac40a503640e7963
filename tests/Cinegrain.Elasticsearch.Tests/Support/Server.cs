using System.Text.Json;

namespace Cinegrain.Elasticsearch.Tests.Support;

/// <summary>The Elasticsearch that CINEGRAIN_TEST_ELASTICSEARCH names, and a part of it for one test: indices of a prefix of its own.</summary>
internal sealed class Server : IDisposable
{
    private const string Variable = "CINEGRAIN_TEST_ELASTICSEARCH";

    private static readonly HttpClient Http = new();

    public Server() => Client = new ElasticsearchClient(Options, TimeProvider.System);

    /// <summary>Why tests that need a server are skipped, or null.</summary>
    public static string? Absent { get; } = Url is null ? $"No Elasticsearch: name the URL of one in {Variable}." : null;

    public string Prefix { get; } = $"test-{Guid.NewGuid():N}";

    public ElasticsearchOptions Options => new() { Nodes = [new Uri(Url!)], Prefix = Prefix, Attempts = 4 };

    public ElasticsearchClient Client { get; }

    /// <summary>Asks the server; the JSON of the answer, whatever its status.</summary>
    public async Task<JsonElement> AskAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(Url!), path.Replace("{prefix}", Prefix, StringComparison.Ordinal)));
        request.Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    /// <summary>Documents of an index that a query finds, refreshed.</summary>
    public async Task<long> CountAsync(string index, string query = """{"match_all":{}}""")
    {
        await AskAsync(HttpMethod.Post, $"{index}/_refresh");
        return (await AskAsync(HttpMethod.Post, $"{index}/_count", $$"""{"query":{{query}}}""")).GetProperty("count").GetInt64();
    }

    /// <summary>Removes what the test made.</summary>
    public async Task RemoveAsync()
    {
        var indices = (await AskAsync(HttpMethod.Get, "_cat/indices/{prefix}-*?format=json&h=index")).EnumerateArray().Select(index => index.GetProperty("index").GetString());
        foreach (var index in indices)
        {
            await AskAsync(HttpMethod.Delete, index!);
        }

        await AskAsync(HttpMethod.Delete, "_index_template/{prefix}-*");
    }

    public void Dispose() => Client.Dispose();

    private static string? Url => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url ? url : null;
}
