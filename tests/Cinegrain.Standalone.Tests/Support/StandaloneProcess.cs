using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>The host as users run it: a process of its own, on a free port, over a data folder. It is killed when disposed of.</summary>
internal sealed partial class StandaloneProcess : IAsyncDisposable
{
    /// <summary>A guard against a test that hangs, no expectation of speed.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new(), _errors = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpClient? _client;

    private StandaloneProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "cinegrain-standalone.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // The host alone reads these settings here; a developer's own must not reach it.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CINEGRAIN", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => TakeOutput(e.Data);
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
            {
                _errors.Enqueue(e.Data);
            }
        };
        Assert.True(_process.Start());
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _ = WatchAsync();
    }

    /// <summary>Client of the host's address.</summary>
    public HttpClient Client => _client ?? throw new InvalidOperationException("The host does not listen yet.");

    /// <summary>Everything it wrote to standard output.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Everything it wrote to standard error.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>Completes once lists can be made, from the last checkpoint; fails when the process ends before.</summary>
    public Task Answering => _answering.Task;

    /// <summary>Starts the process and returns at once.</summary>
    public static StandaloneProcess Launch(string folder, IEnumerable<string> options, IReadOnlyDictionary<string, string>? environment = null) =>
        new(["--data", folder, .. options.Contains("--urls") ? [] : new[] { "--urls", "http://127.0.0.1:0" }, .. options], environment);

    /// <summary>Starts the process and waits until it listens.</summary>
    public static async Task<StandaloneProcess> StartAsync(string folder, params string[] options)
    {
        var host = Launch(folder, options);
        try
        {
            await host.ListenAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the process, waits until it listens, and then until it has caught up with its log.</summary>
    public static async Task<StandaloneProcess> StartReadyAsync(string folder, params string[] options)
    {
        var host = await StartAsync(folder, options);
        await host.ReadyAsync();
        return host;
    }

    /// <summary>Runs a process that must refuse to start; its exit code and what it wrote to standard error. Its log must not show a stack.</summary>
    public static async Task<(int Code, string Errors)> RefusedAsync(
        string folder, IEnumerable<string> options, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var host = Launch(folder, options, environment);
        var code = await host.Exited.WaitAsync(Limit);
        Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
        return (code, host.Errors);
    }

    /// <summary>Waits until it listens.</summary>
    public async Task ListenAsync()
    {
        var address = await _listening.Task.WaitAsync(Limit);
        _client = new HttpClient(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = address, Timeout = Limit };
    }

    /// <summary>Waits until it has caught up with its log.</summary>
    public Task ReadyAsync() => UntilAsync(async () => (await Client.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK);

    /// <summary>Asks again and again until the answer is yes.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Limit, "What was waited for did not come.");
            await Task.Delay(Poll);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await Exited.WaitAsync(Limit);
    }

    /// <summary>Stops the process as a service manager does (SIGTERM); its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await Exited.WaitAsync(Limit);
    }

    /// <summary>GET that must succeed; the JSON of the answer.</summary>
    public async Task<JsonElement> GetAsync(string path) => await ReadAsync(await Client.GetAsync(path), HttpStatusCode.OK);

    /// <summary>Asks until the answer is not 503; the JSON of the answer, which must be 200.</summary>
    public static async Task<JsonElement> PatientAsync(Func<Task<HttpResponseMessage>> ask)
    {
        HttpResponseMessage? response = null;
        await UntilAsync(async () =>
        {
            response?.Dispose();
            response = await ask();
            return response.StatusCode != HttpStatusCode.ServiceUnavailable;
        });
        return await ReadAsync(response!, HttpStatusCode.OK);
    }

    /// <summary>PUT of JSON.</summary>
    public Task<HttpResponseMessage> PutAsync(string path, string json) =>
        Client.PutAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>POST of one JSON document.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>POST of NDJSON, with an idempotency key if there is one.</summary>
    public Task<HttpResponseMessage> PostLinesAsync(string path, IEnumerable<string> lines, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(string.Concat(lines.Select(line => line + "\n")), Encoding.UTF8, "application/x-ndjson"),
        };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return Client.SendAsync(request);
    }

    /// <summary>The JSON of an answer that must have the status.</summary>
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
            _process.Kill(entireProcessTree: true);
        }

        await Exited.WaitAsync(Limit);
        _client?.Dispose();
        _process.Dispose();
    }

    [GeneratedRegex("Now listening on: (http://\\S+)")]
    private static partial Regex ListeningLine();

    private void TakeOutput(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (line.Contains("Answering after", StringComparison.Ordinal))
        {
            _answering.TrySetResult();
        }

        if (ListeningLine().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    private async Task WatchAsync()
    {
        // Returns when the output is read to its end, too.
        await _process.WaitForExitAsync();
        var failure = new InvalidOperationException($"The host ended with {_process.ExitCode}:\n{Output}\n{Errors}");
        _listening.TrySetException(failure);
        _answering.TrySetException(failure);
        _ = _listening.Task.Exception;
        _ = _answering.Task.Exception;
        _exited.TrySetResult(_process.ExitCode);
    }
}
