using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Cinegrain.Elasticsearch;
using Cinegrain.Grains;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Cinegrain.Bench;

/// <summary>
/// One silo as a process of its own on a Kafka and an Elasticsearch: it learns a log, answers a client of the cluster, and is killed and started again to
/// answer for users whom it has to read from the store. CPU is that of the silo's process alone.
/// </summary>
internal sealed partial class ClusterBench(string silo, string kafka, string elasticsearch, int films, int viewers, int events, int active, int known) : IDisposable
{
    private const int Callers = 64, Parts = 4, AskedFor = 5_000, CopiedAtOnce = 4_000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200), Sample = TimeSpan.FromSeconds(2), Span = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http = new();
    private readonly string _prefix = $"bench-{Guid.NewGuid():N}";
    private readonly int _siloPort = FreePort(), _gatewayPort = FreePort(), _healthPort = FreePort();

    public void Dispose() => _http.Dispose();

    public async Task RunAsync()
    {
        await using var filled = await FilledLog.OpenAsync(kafka, "", films, viewers, events);
        var users = World.Interactions(World.Movies(films), viewers, events).Select(interaction => interaction.User).Distinct().ToList();
        try
        {
            await WithSiloAsync(filled.Prefix, async process =>
            {
                await LearnAsync(process, filled.Log);
                using var client = await ConnectAsync();
                await ListsAsync(client, process, [.. users.Take(active)]);
            });
            users.AddRange(await CopyUsersAsync(users.Count));
            await WithSiloAsync(filled.Prefix, async process =>
            {
                using var client = await ConnectAsync();
                await ActivateAsync(client, process, users);
            });
        }
        finally
        {
            using var removed = await _http.DeleteAsync(new Uri(new Uri(elasticsearch), $"{_prefix}-*?expand_wildcards=all"));
        }
    }

    /// <summary>
    /// The log from its first record to the last signal that a movie has taken. Parts are of all records, interactions and signals, so a part in which movies
    /// catch up is not cheap for want of interactions; the first has the start of the process in it and what is compiled meanwhile.
    /// </summary>
    private async Task LearnAsync(Process process, ILog log)
    {
        var samples = new List<(TimeSpan At, long Records, TimeSpan Cpu)>();
        var clock = Stopwatch.StartNew();
        long signals, interactions;
        string metrics;
        do
        {
            await Task.Delay(Sample);
            metrics = await _http.GetStringAsync($"http://127.0.0.1:{_healthPort}/metrics");
            (interactions, signals) = (Applied(metrics, Topics.Interactions), Applied(metrics, Topics.Signals));
            process.Refresh();
            samples.Add((clock.Elapsed, interactions + signals, process.TotalProcessorTime));
        }
        while (interactions < events || await IsBehindAsync(log, signals));

        var all = samples[^1].Records;
        Report("all", 0, 1);
        for (var part = 0; part < Parts; part++)
        {
            Report($"part {part + 1} of {Parts}", (double)part / Parts, (double)(part + 1) / Parts);
        }

        process.Refresh();
        Console.WriteLine(
            $"cluster: {process.WorkingSet64 / 1_000_000:N0} MB resident after {events:N0} interactions of {viewers:N0} users and {signals:N0} signals and films, "
            + $"{Seconds(metrics, "dotnet_gc_pause_time_seconds_total"):N1} s of {clock.Elapsed.TotalSeconds:N0} s paused by the collector");

        void Report(string part, double begin, double end)
        {
            var from = samples.Last(sample => sample.Records <= begin * all || sample == samples[0]);
            var to = samples.First(sample => sample.Records >= end * all);
            var learned = (double)(to.Records - from.Records) / all * events;
            Console.WriteLine(
                $"cluster: learned, {part}: {learned / (to.At - from.At).TotalSeconds:N0} interactions/s with their signals, "
                + $"{(to.Cpu - from.Cpu).TotalMicroseconds / learned:N1} µs CPU of the silo each");
        }
    }

    private static async Task ListsAsync(IHost client, Process process, List<string> users)
    {
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        var query = new RecommendationQuery { Count = 10 };
        await ClosedAsync("first lists", users.Count, TimeSpan.MaxValue);
        process.Refresh();
        Console.WriteLine($"cluster: {process.WorkingSet64 / 1_000_000:N0} MB resident, {users.Count:N0} users asked");
        await ClosedAsync("lists", int.MaxValue, Span);
        await ClosedAsync("new lists", int.MaxValue, Span, i => query with { Exclude = [$"none-{i}"] });
        await OpenAsync("lists", AskedFor, number => grains.GetGrain<IUserGrain>(users[number % users.Count]).RecommendAsync(new(query)));

        async Task ClosedAsync(string what, int most, TimeSpan span, Func<int, RecommendationQuery>? ask = null)
        {
            var number = -1;
            var latencies = Enumerable.Range(0, Callers).Select(_ => new Quantiles()).ToList();
            process.Refresh();
            var (clock, spent, own) = (Stopwatch.StartNew(), process.TotalProcessorTime, Environment.CpuUsage.TotalTime);
            await Task.WhenAll(latencies.Select(latency => Task.Run(async () =>
            {
                while (clock.Elapsed < span && Interlocked.Increment(ref number) is var next && next < most)
                {
                    var began = Stopwatch.GetTimestamp();
                    await grains.GetGrain<IUserGrain>(users[next % users.Count]).RecommendAsync(new(ask?.Invoke(next) ?? query));
                    latency.Add(Stopwatch.GetElapsedTime(began));
                }
            })));
            var (elapsed, answered) = (clock.Elapsed, latencies.Sum(latency => latency.Count));
            process.Refresh();
            Console.WriteLine(
                $"cluster: {what}: {answered / elapsed.TotalSeconds:N0} a second by {Callers} callers, {latencies[0]}, µs CPU each: silo "
                + $"{(process.TotalProcessorTime - spent).TotalMicroseconds / answered:N0}, client {(Environment.CpuUsage.TotalTime - own).TotalMicroseconds / answered:N0}");
        }
    }

    private static async Task OpenAsync(string what, double rate, Func<int, Task> ask, int most = int.MaxValue)
    {
        var latencies = new Quantiles();
        var clock = Stopwatch.StartNew();
        var running = new List<Task>();
        for (var number = 0; clock.Elapsed < Span && number < most;)
        {
            for (; number < clock.Elapsed.TotalSeconds * rate && number < most; number++)
            {
                running.Add(OneAsync(number));
            }

            await Task.Delay(1);
        }

        await Task.WhenAll(running);
        Console.WriteLine($"cluster: {what} at {running.Count / clock.Elapsed.TotalSeconds:N0} a second: {latencies}");

        async Task OneAsync(int number)
        {
            var began = Stopwatch.GetTimestamp();
            await ask(number);
            lock (latencies)
            {
                latencies.Add(Stopwatch.GetElapsedTime(began));
            }
        }
    }

    /// <summary>Lists of users of whom the silo has nothing in memory.</summary>
    private async Task ActivateAsync(IHost client, Process process, List<string> users)
    {
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        var query = new Immutable<RecommendationQuery>(new RecommendationQuery { Count = 10 });
        var asked = 0;
        foreach (var (what, rate) in new[] { ("first lists of a new silo", 100), ("lists of users in the store", 100), ("lists of users in the store", 1_000) })
        {
            var (from, most) = (asked, Math.Min(users.Count - asked, rate * (int)Span.TotalSeconds));
            await OpenAsync(what, rate, number => grains.GetGrain<IUserGrain>(users[from + number]).RecommendAsync(query), most);
            asked += most;
        }

        await Parallel.ForEachAsync(
            users.Skip(asked).Take(active - asked),
            new ParallelOptions { MaxDegreeOfParallelism = Callers },
            async (user, _) => await grains.GetGrain<IUserGrain>(user).RecommendAsync(query));
        process.Refresh();
        Console.WriteLine($"cluster: {process.WorkingSet64 / 1_000_000:N0} MB resident with {Math.Min(active, users.Count):N0} of {users.Count:N0} users in memory");
    }

    /// <summary>Writes states of users under other names, until as many are known as were asked for.</summary>
    private async Task<List<string>> CopyUsersAsync(int users)
    {
        using var client = new ElasticsearchClient(
            new ElasticsearchOptions { Nodes = [new Uri(elasticsearch)], Prefix = _prefix, SharedBy = _prefix }, TimeProvider.System);
        await using var store = new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, (MovieIndex?)null);
        var originals = new List<ActorState>();
        await foreach (var state in store.ScanAsync(ActorKind.User, CancellationToken.None))
        {
            originals.Add(state);
        }

        var copies = Enumerable.Range(0, Math.Max(0, known - users))
            .Select(number => originals[number % originals.Count] with { Id = $"copy-{number}" });
        foreach (var batch in copies.Chunk(CopiedAtOnce))
        {
            await store.WriteAsync(batch, null, CancellationToken.None);
        }

        return [.. Enumerable.Range(0, Math.Max(0, known - users)).Select(number => $"copy-{number}")];
    }

    /// <summary>Does something with a silo, which is killed in the end.</summary>
    private async Task WithSiloAsync(string topics, Func<Process, Task> work)
    {
        using var process = await StartAsync(topics);
        try
        {
            await work(process);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private async Task<Process> StartAsync(string topics)
    {
        var start = new ProcessStartInfo("dotnet", [
            silo, "--kafka-bootstrap", kafka, "--kafka-prefix", topics, "--elasticsearch-urls", elasticsearch, "--elasticsearch-prefix", _prefix,
            "--clustering", "localhost", "--cluster-id", _prefix, "--documents", "none", "--silo-port", $"{_siloPort}", "--primary-port", $"{_siloPort}",
            "--gateway-port", $"{_gatewayPort}", "--urls", $"http://127.0.0.1:{_healthPort}"])
        {
            RedirectStandardOutput = true,
        };

        // As in the image.
        start.Environment.TryAdd("DOTNET_GCgen0size", "4000000");
        var process = Process.Start(start)!;
        var output = new List<string>();
        process.OutputDataReceived += (_, e) =>
        {
            lock (output)
            {
                output.Add(e.Data ?? "");
            }
        };
        process.BeginOutputReadLine();
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var answer = await _http.GetAsync($"http://127.0.0.1:{_healthPort}/health/ready");
                if (answer.IsSuccessStatusCode)
                {
                    Console.WriteLine($"cluster: ready after {clock.Elapsed.TotalSeconds:N1} s");
                    return process;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            if (process.HasExited || clock.Elapsed > Patience)
            {
                lock (output)
                {
                    throw new InvalidOperationException($"the silo did not start:\n{string.Join('\n', output)}");
                }
            }

            await Task.Delay(Look);
        }
    }

    private async Task<IHost> ConnectAsync()
    {
        var builder = new HostApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, _gatewayPort));
            client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (_prefix, _prefix));
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static long Applied(string metrics, string topic) => AppliedLine().Matches(metrics)
        .Where(match => match.Groups[1].Value.Contains($"\"{topic}\"", StringComparison.Ordinal))
        .Sum(match => (long)double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));

    private static double Seconds(string metrics, string name) => metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>True while the log has more signals than were taken, or while a busy broker does not say.</summary>
    private static async Task<bool> IsBehindAsync(ILog log, long taken)
    {
        try
        {
            for (var partition = 0; partition < log.PartitionCount(Topics.Signals); partition++)
            {
                taken -= await ((IScannableLog)log).AskEndAsync(Topics.Signals, partition, CancellationToken.None);
            }

            return taken < 0;
        }
        catch (UnavailableException)
        {
            return true;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex("^cinegrain_engine_applied_total(\\{[^}]*\\}) (\\S+)", RegexOptions.Multiline)]
    private static partial Regex AppliedLine();
}
