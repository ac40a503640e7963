using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Cinegrain.Bench;

/// <summary>A running server, measured from outside.</summary>
internal sealed class ServerBench : IDisposable
{
    private const int Connections = 16, Users = 500;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly Random _random = new(7);

    public ServerBench(string server, string? key)
    {
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = new Uri(server) };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Requests a second: an endpoint that does nothing, lists that do not change, and lists of which each is new.</summary>
    public async Task HttpAsync()
    {
        var movies = await MoviesAsync();
        await GiveHistoriesAsync(movies);
        await ThroughputAsync("warm-up", i => $"/v1/users/bench-{i % Users}/recommendations");
        var empty = await ThroughputAsync("empty", _ => "/health/live");
        var unchanged = await ThroughputAsync("unchanged lists", i => $"/v1/users/bench-{i % Users}/recommendations");

        // Another film left out each time, so that no list can be one that was made before.
        var fresh = await ThroughputAsync(
            "new lists", i => $"/v1/users/bench-{i % Users}/recommendations?exclude={Uri.EscapeDataString(movies[i % movies.Count])}");
        Console.WriteLine($"http: unchanged lists {unchanged / empty:P0}, new lists {fresh / empty:P0} of the requests a second of an empty endpoint");
    }

    /// <summary>From a POST to its effect on the same user's list, and on the shared model, while other interactions come in.</summary>
    public async Task FreshnessAsync(int rate, TimeSpan span)
    {
        var movies = await MoviesAsync();
        using var stop = new CancellationTokenSource(span);
        var load = LoadAsync(movies, rate, stop.Token);
        var own = new Quantiles();
        var shared = new Quantiles();
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var user = $"fresh-{i % 50}-{Environment.ProcessId}";
            var movie = movies[_random.Next(movies.Count)];
            var before = await CountAsync(movie);
            var started = Stopwatch.GetTimestamp();
            using var response = await _http.PostAsJsonAsync("/v1/interactions", new { user, movie, kind = "rate", value = 4 });
            response.EnsureSuccessStatusCode();
            var receipt = await response.Content.ReadFromJsonAsync<JsonElement>();
            var position = receipt.GetProperty("position").GetString()!;
            using var list = await _http.GetAsync($"/v1/users/{user}/recommendations?after={position}");
            list.EnsureSuccessStatusCode();
            own.Add(Stopwatch.GetElapsedTime(started));
            while (await CountAsync(movie) <= before && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5))
            {
                await Task.Yield();
            }

            shared.Add(Stopwatch.GetElapsedTime(started));
        }

        var sent = await load;
        Console.WriteLine($"freshness: POST to own list {own}");
        Console.WriteLine($"freshness: POST to shared model {shared}");
        Console.WriteLine($"freshness: {sent / span.TotalSeconds:N0} other interactions a second meanwhile");
        var probe = new Quantiles();
        for (var i = 0; i < 500; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await _http.GetAsync("/health/live");
            probe.Add(Stopwatch.GetElapsedTime(started));
            using var second = await _http.GetAsync("/health/live");
        }

        Console.WriteLine($"freshness: {own.Median / (2 * probe.Median):N1} times two requests to an empty endpoint ({probe} each, no load)");
    }

    /// <summary>From a POST to a search in Elasticsearch that finds its document, while other interactions come in.</summary>
    public async Task VisibleAsync(Uri elasticsearch, string prefix, int rate, TimeSpan span)
    {
        using var search = new HttpClient { BaseAddress = elasticsearch };
        var movies = await MoviesAsync();
        using var stop = new CancellationTokenSource(span);
        var load = LoadAsync(movies, rate, stop.Token);
        var visible = new Quantiles();
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await _http.PostAsJsonAsync(
                "/v1/interactions", new { user = $"visible-{i % 50}-{Environment.ProcessId}", movie = movies[_random.Next(movies.Count)], kind = "rate", value = 4 });
            response.EnsureSuccessStatusCode();
            var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ids")[0].GetString();
            var address = $"{prefix}-interactions/_count?q=_id:{id}&ignore_unavailable=true";
            while ((await search.GetFromJsonAsync<JsonElement>(address)).GetProperty("count").GetInt64() == 0)
            {
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
                {
                    throw new InvalidOperationException("a document is not visible after a minute");
                }

                await Task.Delay(50);
            }

            visible.Add(Stopwatch.GetElapsedTime(started));
        }

        Console.WriteLine($"visible: POST to a document that a search finds {visible}");
        Console.WriteLine($"visible: {await load / span.TotalSeconds:N0} other interactions a second meanwhile");
    }

    private async Task<long> LoadAsync(List<string> movies, int rate, CancellationToken stop)
    {
        const int Batch = 20;
        var sent = 0L;
        var began = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            if (sent >= Stopwatch.GetElapsedTime(began).TotalSeconds * rate)
            {
                await Task.Delay(5, CancellationToken.None);
                continue;
            }

            var lines = new StringBuilder();
            for (var i = 0; i < Batch; i++)
            {
                lines.Append($"{{\"user\":\"load-{_random.Next(5_000)}\",\"movie\":\"{movies[_random.Next(movies.Count)]}\",\"kind\":\"rate\",\"value\":4}}\n");
            }

            using var content = new StringContent(lines.ToString(), Encoding.UTF8, "application/x-ndjson");
            using var response = await _http.PostAsync("/v1/interactions", content, CancellationToken.None);
            response.EnsureSuccessStatusCode();
            sent += Batch;
        }

        return sent;
    }

    private async Task<long> CountAsync(string movie) =>
        (await _http.GetFromJsonAsync<JsonElement>($"/v1/movies/{Uri.EscapeDataString(movie)}")).GetProperty("interactions").GetInt64();

    private async Task<List<string>> MoviesAsync()
    {
        var movies = new List<string>();
        for (string? after = null; movies.Count < 10_000;)
        {
            var page = await _http.GetFromJsonAsync<JsonElement>($"/v1/movies?n=100{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            movies.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            after = page.TryGetProperty("next", out var next) ? next.GetString() : null;
            if (after is null)
            {
                break;
            }
        }

        return movies.Count > 0 ? movies : throw new InvalidOperationException("the server has no movies: start it with --demo, or import some");
    }

    private async Task GiveHistoriesAsync(List<string> movies)
    {
        for (var user = 0; user < Users; user += 20)
        {
            var lines = new StringBuilder();
            for (var u = user; u < user + 20; u++)
            {
                for (var i = 0; i < 50; i++)
                {
                    lines.Append($"{{\"user\":\"bench-{u}\",\"movie\":\"{movies[_random.Next(movies.Count)]}\",\"kind\":\"rate\",\"value\":4}}\n");
                }
            }

            using var content = new StringContent(lines.ToString(), Encoding.UTF8, "application/x-ndjson");
            using var response = await _http.PostAsync("/v1/interactions", content);
            response.EnsureSuccessStatusCode();
        }
    }

    private async Task<double> ThroughputAsync(string what, Func<int, string> path)
    {
        using var stop = new CancellationTokenSource(Span);
        var number = 0;
        var latencies = new Quantiles[Connections];
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async connection =>
        {
            var own = latencies[connection] = new Quantiles();
            while (!stop.IsCancellationRequested)
            {
                var began = Stopwatch.GetTimestamp();
                using var response = await _http.GetAsync(path(Interlocked.Increment(ref number)), CancellationToken.None);
                response.EnsureSuccessStatusCode();
                _ = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
                own.Add(Stopwatch.GetElapsedTime(began));
            }
        }));
        var rate = number / Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine($"http: {what}: {rate:N0} requests/s over {Connections} connections, {latencies[0]}");
        return rate;
    }
}
