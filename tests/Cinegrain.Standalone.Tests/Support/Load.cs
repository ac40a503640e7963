using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Xunit;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>
/// Callers that send batches at the same time, each under an idempotency key, and send a batch again until it is acknowledged. Which lines they
/// send depends on the seed alone; how many, on the kills.
/// </summary>
internal sealed class Load
{
    public const int LinesPerBatch = 20;

    private const int Posters = 4, Viewers = 60;

    private static readonly TimeSpan PauseWhenRefused = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly Task[] _posters;
    private readonly TimeSpan _pause;
    private TaskCompletionSource<StandaloneProcess> _host = New();
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _batches;
    private volatile bool _stopping;

    /// <param name="seed">Decides what is sent.</param>
    /// <param name="pause">Pause of each caller between its batches, where a run is long.</param>
    public Load(int seed, TimeSpan pause = default)
    {
        _pause = pause;
        _posters = [.. Enumerable.Range(0, Posters).Select(poster => Task.Run(() => PostAsync(poster, new Random(seed + poster + 1))))];
    }

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

    /// <summary>Waits until a batch is refused from now on, with 503.</summary>
    public Task RefusedAsync()
    {
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _refused, refused);
        return refused.Task.WaitAsync(StandaloneProcess.Limit);
    }

    /// <summary>Ends when every batch that was begun is acknowledged.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await Task.WhenAll(_posters).WaitAsync(StandaloneProcess.Limit);
    }

    /// <summary>Every acknowledged interaction is in its user's export, and is counted once, however often it was sent.</summary>
    public async Task AssertAcknowledgedAsync(StandaloneProcess host)
    {
        foreach (var user in Acknowledged.GroupBy(line => line.User))
        {
            // Acknowledged is what is in the log: the user learns the last of it a moment later.
            JsonElement export = default;
            await StandaloneProcess.UntilAsync(async () =>
            {
                export = await StandaloneProcess.PatientAsync(() => host.Client.GetAsync($"/v1/users/{user.Key}/export"));
                return Interactions(export) >= user.Count();
            });
            var ids = export.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("id").GetString()!).ToHashSet();
            Assert.Empty(user.Select(line => line.Id).Except(ids));
            Assert.Equal(user.Count(), Interactions(export));
        }
    }

    private static int Interactions(JsonElement export) => export.GetProperty("profile").GetProperty("interactions").GetInt32();

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
            await Task.Delay(_pause, TimeProvider.System);
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
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    // What landed of it all the same is known by its key when it comes again.
                    Assert.NotNull(response.Headers.RetryAfter);
                    _refused.TrySetResult();
                    await Task.Delay(PauseWhenRefused, TimeProvider.System);
                    continue;
                }

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
