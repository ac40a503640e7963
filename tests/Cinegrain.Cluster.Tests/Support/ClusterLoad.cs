using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>
/// Clients of a gateway: one posts batches, each under a key of its own and again until it is acknowledged, one asks for lists. They bear with 503 and
/// Retry-After, and with a gateway that died, and with nothing else. What they send depends on the seed alone; how much, on the time.
/// </summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private const int Viewers = 100, LinesPerBatch = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100), PauseWhenRefused = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private readonly Task _running;
    private TaskCompletionSource<ServerProcess> _gateway = New();
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _batches;
    private volatile bool _stopping;

    public ClusterLoad(ServerProcess gateway, int seed)
    {
        _gateway.SetResult(gateway);
        var (posting, asking) = (Task.Run(() => PostAsync(new Random(seed))), Task.Run(() => AskAsync(new Random(~seed))));
        _running = Task.WhenAny(posting, asking).Unwrap().ContinueWith(
            async first =>
            {
                // The other would go on for ever.
                _stopping |= first.IsFaulted;
                await first;
                await Task.WhenAll(posting, asking);
            },
            TaskScheduler.Default).Unwrap();
    }

    /// <summary>Interactions that were acknowledged.</summary>
    public int Acknowledged => _batches * LinesPerBatch;

    /// <summary>Names the gateway that takes the load from now on.</summary>
    public void Use(ServerProcess gateway)
    {
        lock (_gate)
        {
            if (_gateway.Task.IsCompleted)
            {
                _gateway = New();
            }

            _gateway.SetResult(gateway);
        }
    }

    /// <summary>Waits until so many more batches are acknowledged.</summary>
    public async Task AcknowledgedAsync(int more)
    {
        for (var wanted = Volatile.Read(ref _batches) + more; ;)
        {
            Task progress;
            lock (_gate)
            {
                progress = _progress.Task;
            }

            if (Volatile.Read(ref _batches) >= wanted)
            {
                return;
            }

            await (await Task.WhenAny(progress, _running)).WaitAsync(ServerProcess.Limit);
        }
    }

    /// <summary>Asks for everybody's list until everybody got one.</summary>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> EverybodyAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Viewers).Select(viewer => ServerProcess.UntilAsync(() => TryAskAsync(viewer))));
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Ends when every batch that was begun is acknowledged.</summary>
    /// <returns>Interactions that were acknowledged.</returns>
    public async Task<int> StopAsync()
    {
        _stopping = true;
        await _running.WaitAsync(ServerProcess.Limit);
        return Acknowledged;
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        lock (_gate)
        {
            _gateway.TrySetCanceled();
        }

        // A test that failed has said why.
        await _running.WaitAsync(ServerProcess.Limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static TaskCompletionSource<ServerProcess> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string Line(Random random) => JsonSerializer.Serialize(new
    {
        user = $"viewer-{random.Next(Viewers)}",
        movie = ClusterProcesses.Catalogue[random.Next(ClusterProcesses.Catalogue.Count)].Id,
        kind = "rate",
        value = random.Next(1, 11) / 2.0,
        at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(random.Next(5_000_000)),
    });

    private async Task PostAsync(Random random)
    {
        while (!_stopping)
        {
            var lines = Enumerable.Range(0, LinesPerBatch).Select(_ => Line(random)).ToList();
            var key = $"batch-{_batches}";
            while (!await TryAsync(gateway => gateway.PostLinesAsync("/v1/interactions", lines, key), HttpStatusCode.Accepted, Accepted))
            {
                await Task.Delay(PauseWhenRefused, TimeProvider.System);
            }

            TaskCompletionSource progress;
            lock (_gate)
            {
                _batches++;
                progress = _progress;
                _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            progress.SetResult();
            await Task.Delay(Pause, TimeProvider.System);
        }

        static void Accepted(JsonElement receipt) => Assert.Equal(LinesPerBatch, receipt.GetProperty("accepted").GetInt32());
    }

    private async Task AskAsync(Random random)
    {
        while (!_stopping)
        {
            await TryAskAsync(random.Next(Viewers));
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    private Task<bool> TryAskAsync(int viewer) => TryAsync(
        gateway => gateway.Client.GetAsync($"/v1/users/viewer-{viewer}/recommendations"),
        HttpStatusCode.OK,
        static list => Assert.Equal(10, list.GetProperty("items").GetArrayLength()));

    /// <summary>False when the answer is that it is to come back, or the gateway died.</summary>
    private async Task<bool> TryAsync(Func<ServerProcess, Task<HttpResponseMessage>> send, HttpStatusCode expected, Action<JsonElement> check)
    {
        Task<ServerProcess> named;
        lock (_gate)
        {
            named = _gateway.Task;
        }

        var gateway = await named.WaitAsync(ServerProcess.Limit);
        try
        {
            using var response = await send(gateway);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Assert.NotNull(response.Headers.RetryAfter);
                return false;
            }

            Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}; the gateway says:\n{string.Join('\n', gateway.Output.Split('\n').TakeLast(80))}");
            check(await ServerProcess.ReadAsync(response, expected));
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // It is gone for good: the next one is waited for.
            await gateway.Exited.WaitAsync(ServerProcess.Limit);
            lock (_gate)
            {
                if (ReferenceEquals(_gateway.Task, named))
                {
                    _gateway = New();
                }
            }

            return false;
        }
    }
}
