using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>A silo, a gateway or Standalone as a process of its own. It is killed when disposed of.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>A guard against a test that hangs, no expectation of speed.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpClient? _client;

    private ServerProcess(string assembly, IEnumerable<string> arguments, SeparateNetwork? network)
    {
        string[] command = [.. network?.Prefix ?? [], "dotnet", Path.Combine(AppContext.BaseDirectory, assembly), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CINEGRAIN", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        Assert.True(_process.Start());
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _ = WatchAsync();
    }

    public HttpClient Client => _client ?? throw new InvalidOperationException("The server does not listen yet.");

    public string Output => string.Join('\n', _output);

    public Task<int> Exited => _exited.Task;

    /// <summary>Starts a process and waits until it listens.</summary>
    public static Task<ServerProcess> StartAsync(string assembly, params string[] arguments) => StartAsync(null, assembly, arguments);

    /// <summary>Starts a process in a network of its own and waits until it listens.</summary>
    public static async Task<ServerProcess> StartAsync(SeparateNetwork? network, string assembly, params string[] arguments)
    {
        var server = new ServerProcess(assembly, [.. arguments, "--urls", "http://127.0.0.1:0"], network);
        try
        {
            var handler = new SocketsHttpHandler();
            if (network is not null)
            {
                handler.ConnectCallback = async (context, cancellationToken) =>
                {
                    var socket = network.Inside();
                    await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                };
            }

            server._client = new HttpClient(handler) { BaseAddress = await server._listening.Task.WaitAsync(Limit), Timeout = Limit };
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task ReadyAsync() => UntilAsync(async () => (await Client.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK);

    /// <summary>Asks again and again until the answer is yes.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Limit, "What was waited for did not come.");
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await Exited.WaitAsync(Limit);
    }

    /// <summary>Stops the process as a service manager does (SIGTERM); its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await Exited.WaitAsync(Limit);
    }

    /// <summary>The process does nothing until it is resumed, as on a machine that hangs (SIGSTOP).</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>The process goes on where it was.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    public async Task<HttpResponseMessage> PostLinesAsync(string path, IEnumerable<string> lines, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(string.Concat(lines.Select(line => line + "\n")), Encoding.UTF8, "application/x-ndjson"),
        };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await Client.SendAsync(request);
    }

    public async Task<JsonElement> GetAsync(string path) => await ReadAsync(await Client.GetAsync(path), HttpStatusCode.OK);

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} instead of {(int)expected}: {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await Exited.WaitAsync(Limit);
        _client?.Dispose();
        _process.Dispose();
    }

    [GeneratedRegex("Now listening on: (http://\\S+)")]
    private static partial Regex ListeningLine();

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (ListeningLine().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    private async Task WatchAsync()
    {
        await _process.WaitForExitAsync();
        _listening.TrySetException(new InvalidOperationException($"The server ended with {_process.ExitCode}:\n{Output}"));
        _ = _listening.Task.Exception;
        _exited.TrySetResult(_process.ExitCode);
    }
}
