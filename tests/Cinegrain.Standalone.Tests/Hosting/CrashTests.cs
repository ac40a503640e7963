using System.Collections.Concurrent;
using System.Net;
using Cinegrain.Contracts.Servers;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>kill -9 at random moments under load.</summary>
public sealed class CrashTests
{
    private const int Kills = 12, Posters = 4, LinesPerBatch = 20, Viewers = 60;

    [Fact]
    public async Task Killed_ManyTimesUnderLoad_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        using var reference = await RunAsync(folder.Path, Kills, []);
        await reference.AssertStoredAsync(folder.Path);
    }

    [ElasticsearchFact]
    public async Task Killed_ManyTimesUnderLoadOnElasticsearch_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        await using var server = new TestElasticsearch();
        using var reference = await RunAsync(folder.Path, Kills / 2, server.Options);
        await using var store = server.OpenStore();
        await reference.AssertStoredAsync(store);
    }

    [KafkaFact]
    public async Task Killed_ManyTimesUnderLoadOnKafka_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        using var reference = await RunAsync(folder.Path, Kills / 2, kafka.Options, kafka.OpenLogAsync);
        await reference.AssertStoredAsync(folder.Path);
    }

    private static async Task<Reference> RunAsync(string folder, int kills, string[] options, Func<Task<KafkaLog>>? openLog = null)
    {
        const int Seed = 20260301;
        options = [.. options, "--checkpoint-seconds", "0.2"];
        await using (var first = await StandaloneProcess.StartReadyAsync(folder, options))
        {
            await Films.PutAsync(first);
            Assert.Equal(0, await first.StopAsync());
        }

        var load = new Load(Seed);
        var random = new Random(Seed);
        for (var kill = 0; kill < kills; kill++)
        {
            await using var host = StandaloneProcess.Launch(folder, options);
            if (kill % 4 == 3)
            {
                // While it still reads its log, at the end of the start.
                await host.Answering.WaitAsync(StandaloneProcess.Limit);
            }
            else
            {
                await host.ListenAsync();
                load.Use(host);
                await load.AcknowledgedAsync(random.Next(1, 60));
            }

            load.Use(null);
            await host.KillAsync();
        }

        await using var last = await StandaloneProcess.StartReadyAsync(folder, options);
        load.Use(last);
        await load.StopAsync();
        await AssertAcknowledgedAsync(last, load);
        Assert.Equal(0, await last.StopAsync());

        await using IAsyncDisposable log = openLog is null ? SqliteLog.Open(folder, new SqliteLogOptions(), TimeProvider.System) : await openLog();
        var reference = await Reference.ReadAsync((ILog)log);
        await Reference.AssertSignalsOnceAsync((ILog)log);
        Assert.Equal(load.Acknowledged.Count, reference.Users.Values.Sum(actor => actor.State.Interactions));
        return reference;
    }

    /// <summary>Every acknowledged interaction is in its user's export, and is counted once, however often it was sent.</summary>
    private static async Task AssertAcknowledgedAsync(StandaloneProcess host, Load load)
    {
        Assert.True(load.Acknowledged.Count > Kills / 2 * LinesPerBatch, "The load was too small to say anything.");
        foreach (var user in load.Acknowledged.GroupBy(line => line.User))
        {
            var export = await host.GetAsync($"/v1/users/{user.Key}/export");
            var ids = export.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("id").GetString()!).ToHashSet();
            Assert.Empty(user.Select(line => line.Id).Except(ids));
            Assert.Equal(user.Count(), export.GetProperty("profile").GetProperty("interactions").GetInt32());
        }
    }

    /// <summary>
    /// Callers that send batches at the same time, each under an idempotency key, and send a batch again until it is acknowledged. Which lines they
    /// send depends on the seed alone; how many, on the kills.
    /// </summary>
    private sealed class Load
    {
        private readonly Lock _gate = new();
        private readonly Task[] _posters;
        private TaskCompletionSource<StandaloneProcess> _host = New();
        private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _batches;
        private volatile bool _stopping;

        public Load(int seed) => _posters = [.. Enumerable.Range(0, Posters).Select(poster => Task.Run(() => PostAsync(poster, new Random(seed + poster + 1))))];

        public ConcurrentBag<(string User, string Id)> Acknowledged { get; } = [];

        /// <summary>Names the process that takes the load; null: it waits for the next.</summary>
        public void Use(StandaloneProcess? host)
        {
            lock (_gate)
            {
                if (_host.Task.IsCompleted)
                {
                    _host = New();
                }

                if (host is not null)
                {
                    _host.SetResult(host);
                }
            }
        }

        /// <summary>Waits until so many more batches are acknowledged.</summary>
        public async Task AcknowledgedAsync(int more)
        {
            var wanted = Interlocked.Read(ref _batches) + more;
            while (Interlocked.Read(ref _batches) < wanted)
            {
                Task progress;
                lock (_gate)
                {
                    progress = _progress.Task;
                }

                if (Interlocked.Read(ref _batches) < wanted)
                {
                    await (await Task.WhenAny(progress, Task.WhenAll(_posters))).WaitAsync(StandaloneProcess.Limit);
                }
            }
        }

        /// <summary>Ends when every batch that was begun is acknowledged.</summary>
        public async Task StopAsync()
        {
            _stopping = true;
            await Task.WhenAll(_posters).WaitAsync(StandaloneProcess.Limit);
        }

        private static TaskCompletionSource<StandaloneProcess> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        private async Task PostAsync(int poster, Random random)
        {
            for (var batch = 0; !_stopping; batch++)
            {
                var lines = Enumerable.Range(0, LinesPerBatch).Select(_ => (
                    User: $"viewer-{random.Next(Viewers)}",
                    Movie: Films.Catalogue[random.Next(Films.Catalogue.Count)].Id,
                    Stars: random.Next(1, 11) / 2.0,
                    At: new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(random.Next(5_000_000)))).ToList();
                var ids = await SendAsync($"{poster}-{batch}", [.. lines.Select(line => Films.Rate(line.User, line.Movie, line.Stars, line.At))]);
                foreach (var (line, id) in lines.Zip(ids))
                {
                    Acknowledged.Add((line.User, id));
                }

                TaskCompletionSource progress;
                lock (_gate)
                {
                    progress = _progress;
                    _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    _batches++;
                }

                progress.SetResult();
            }
        }

        private async Task<List<string>> SendAsync(string key, IReadOnlyList<string> lines)
        {
            while (true)
            {
                Task<StandaloneProcess> host;
                lock (_gate)
                {
                    host = _host.Task;
                }

                var current = await host.WaitAsync(StandaloneProcess.Limit);
                try
                {
                    using var response = await current.PostLinesAsync("/v1/interactions", lines, key);
                    var receipt = await StandaloneProcess.ReadAsync(response, HttpStatusCode.Accepted);
                    Assert.Equal(lines.Count, receipt.GetProperty("accepted").GetInt32());
                    return [.. receipt.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)];
                }
                catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException or OperationCanceledException)
                {
                    // It was killed in between: the same batch goes to the next process. It is gone for good, so nothing is lost by asking.
                    await current.Exited.WaitAsync(StandaloneProcess.Limit);
                    lock (_gate)
                    {
                        if (ReferenceEquals(_host.Task, host))
                        {
                            _host = New();
                        }
                    }
                }
            }
        }
    }
}
