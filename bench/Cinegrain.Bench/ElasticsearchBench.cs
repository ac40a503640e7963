using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Bench;

/// <summary>
/// A replay of a log into Elasticsearch: what it costs our process with and without the analysts' documents, and how much of what a bare bulk loop
/// writes to the same node the documents of interactions reach.
/// </summary>
internal sealed class ElasticsearchBench(string url, string? kafka, string data, int films, int viewers, int events) : IDisposable
{
    private const int BulkAtOnce = 2_000, Writers = 4;

    private readonly HttpClient _http = new() { BaseAddress = new Uri(url) };
    private readonly string _prefix = $"bench-{Guid.NewGuid():N}";

    public void Dispose() => _http.Dispose();

    public async Task RunAsync()
    {
        await using var filled = await FilledLog.OpenAsync(kafka, data, films, viewers, events);
        var log = filled.Log;
        try
        {
            await ReplayAsync(log, "none", withDocuments: false, describe: false);
            await ReplayAsync(log, "all", withDocuments: true, describe: true);

            // One after the other on a node that is warm by now, the bare loop before and after.
            var bodies = await BodiesAsync("all");
            var before = await BareAsync("bare1", bodies);
            var ours = await DocumentsAsync(log, "alone");
            var after = await BareAsync("bare2", bodies);
            Console.WriteLine(
                $"elasticsearch: {ours:N0} documents/s of interactions, {ours / ((before + after) / 2):P0} of a bare bulk loop ({before:N0} and {after:N0} documents/s)");
        }
        finally
        {
            await RemoveAsync();
        }
    }

    /// <summary>Everything that a host does with the log, from its beginning to the last checkpoint; no tests, as a replay.</summary>
    private async Task ReplayAsync(ILog log, string name, bool withDocuments, bool describe)
    {
        using var client = Client(name);
        using var shared = new SharedModel(new ModelOptions());
        await using var store = new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, describe ? shared.Index : null);
        await using var engine = new RecommendationEngine(
            log, store, shared, new EngineOptions { TestsPerSecond = 0 }, TimeProvider.System, NullLogger<RecommendationEngine>.Instance);
        using var documents = new InteractionDocuments(client, log, store, movie => shared.View.Metadata(movie)?.Title, NullLogger<InteractionDocuments>.Instance);
        var clock = Stopwatch.StartNew();
        var spent = Environment.CpuUsage.TotalTime;
        await engine.StartAsync(CancellationToken.None);
        using var stopping = new CancellationTokenSource();
        var writing = withDocuments ? documents.RunAsync(stopping.Token) : Task.CompletedTask;
        await engine.CaughtUp;
        var learned = clock.Elapsed;
        if (withDocuments)
        {
            await WaitAsync(log, documents);
        }

        await engine.StopAsync(CancellationToken.None);
        await stopping.CancelAsync();
        await writing;
        Console.WriteLine(
            $"elasticsearch: replay with documents {name}: {events / clock.Elapsed.TotalSeconds:N0} events/s (learned alone {events / learned.TotalSeconds:N0}), "
            + $"{(Environment.CpuUsage.TotalTime - spent).TotalMicroseconds / events:N1} µs CPU of this process each");
    }

    /// <summary>Documents of the interactions by themselves, in documents a second.</summary>
    private async Task<double> DocumentsAsync(ILog log, string name)
    {
        using var client = Client(name);
        await using var store = new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, (MovieIndex?)null);
        using var documents = new InteractionDocuments(client, log, store, movie => $"Film {movie}", NullLogger<InteractionDocuments>.Instance);
        await store.LoadCheckpointAsync(Topics.Movies, 0, CancellationToken.None);
        var clock = Stopwatch.StartNew();
        var spent = Environment.CpuUsage.TotalTime;
        using var stopping = new CancellationTokenSource();
        var writing = documents.RunAsync(stopping.Token);
        await WaitAsync(log, documents);
        var rate = events / clock.Elapsed.TotalSeconds;
        Console.WriteLine($"elasticsearch: documents alone: {(Environment.CpuUsage.TotalTime - spent).TotalMicroseconds / events:N1} µs CPU of this process each");
        await stopping.CancelAsync();
        await writing;
        return rate;
    }

    private static Task WaitAsync(ILog log, InteractionDocuments documents) => Task.WhenAll(
        Enumerable.Range(0, log.PartitionCount(Topics.Interactions))
            .Select(partition => documents.WaitAsync(partition, log.End(Topics.Interactions, partition), CancellationToken.None)));

    /// <summary>The same documents as bulk requests that only have to be sent.</summary>
    private async Task<List<byte[]>> BodiesAsync(string name)
    {
        await SendAsync(HttpMethod.Post, $"{_prefix}-{name}-interactions/_refresh", null);
        var bodies = new List<byte[]>();
        var after = "";
        while (true)
        {
            using var page = JsonDocument.Parse(await SendAsync(
                HttpMethod.Post,
                $"{_prefix}-{name}-interactions/_search",
                $"{{\"size\":{BulkAtOnce},\"sort\":[\"partition\",\"offset\"],\"track_total_hits\":false{after}}}"));
            var hits = page.RootElement.GetProperty("hits").GetProperty("hits").EnumerateArray().ToList();
            if (hits.Count == 0)
            {
                return bodies;
            }

            bodies.Add(Encoding.UTF8.GetBytes(string.Concat(hits.Select(
                hit => $"{{\"index\":{{\"_id\":\"{hit.GetProperty("_id").GetString()}\"}}}}\n{hit.GetProperty("_source").GetRawText()}\n"))));
            after = $",\"search_after\":{hits[^1].GetProperty("sort").GetRawText()}";
        }
    }

    private async Task<double> BareAsync(string name, List<byte[]> bodies)
    {
        // The template of this prefix gives it the mapping of the others.
        using (var client = Client(name))
        await using (var store = new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, (MovieIndex?)null))
        {
            await store.LoadCheckpointAsync(Topics.Movies, 0, CancellationToken.None);
        }

        var template = JsonDocument.Parse(await SendAsync(HttpMethod.Get, $"_index_template/{_prefix}-all-interactions", null))
            .RootElement.GetProperty("index_templates")[0].GetProperty("index_template").GetProperty("template");
        await SendAsync(
            HttpMethod.Put,
            $"{_prefix}-{name}-interactions",
            $"{{\"settings\":{template.GetProperty("settings").GetRawText()},\"mappings\":{template.GetProperty("mappings").GetRawText()}}}");
        var clock = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < bodies.Count;)
            {
                using var content = new ByteArrayContent(bodies[i]);
                content.Headers.ContentType = new("application/x-ndjson");
                using var answer = await _http.PostAsync($"{_prefix}-{name}-interactions/_bulk?filter_path=errors", content);
                var text = await answer.Content.ReadAsStringAsync();
                if (!text.Contains("\"errors\":false", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"the bare loop failed: {text}");
                }
            }
        }));
        return events / clock.Elapsed.TotalSeconds;
    }

    private ElasticsearchClient Client(string name) => new(new ElasticsearchOptions { Nodes = [new Uri(url)], Prefix = $"{_prefix}-{name}" }, TimeProvider.System);

    private async Task<string> SendAsync(HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{path}: {text}");
    }

    private async Task RemoveAsync()
    {
        foreach (var index in (await SendAsync(HttpMethod.Get, $"_cat/indices/{_prefix}*?h=index", null)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await SendAsync(HttpMethod.Delete, index.Trim(), null);
        }

        await SendAsync(HttpMethod.Delete, $"_index_template/{_prefix}*", null);
    }
}
