using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Cinegrain.Contracts.Servers;

/// <summary>
/// A server that a test may kill. Its programs stand in a folder that the environment names: <c>start --dir DIR --port 0</c> starts one and prints
/// <c>name=value</c> pairs, <c>pid=PID</c> among them, and starts it again on the same data; <c>stop --dir DIR</c> stops it.
/// </summary>
public abstract class OwnServer(string? folder) : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("cinegrain-server-").FullName;
    private int _process;

    public Task InitializeAsync() => folder is null ? Task.CompletedTask : StartAsync();

    public virtual async Task DisposeAsync()
    {
        if (folder is not null)
        {
            await RunAsync("stop", "--dir", _data);
        }

        Directory.Delete(_data, recursive: true);
    }

    /// <summary>Starts it, for the first time or again at the same address.</summary>
    public async Task StartAsync()
    {
        var line = await RunAsync("start", ["--dir", _data, .. Arguments]);
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(field => field.Split('=', 2)).Where(field => field.Length == 2).ToDictionary(field => field[0], field => field[1]);
        _process = int.Parse(fields["pid"], CultureInfo.InvariantCulture);
        Started(fields);
    }

    /// <summary>Kills it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        using var process = Process.GetProcessById(_process);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>What the next start is told besides the folder.</summary>
    protected abstract IEnumerable<string> Arguments { get; }

    /// <summary>Takes what the server said of itself.</summary>
    protected abstract void Started(IReadOnlyDictionary<string, string> fields);

    /// <summary>The folder that a variable names, or null.</summary>
    protected static string? FolderOf(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named ? named : null;

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder!, program), arguments) { RedirectStandardOutput = true })!;
        var line = await process.StandardOutput.ReadLineAsync() ?? "";
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? line : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}");
    }
}

/// <summary>A broker that a test may kill.</summary>
public sealed class OwnBroker() : OwnServer(Folder)
{
    /// <summary>Variable with the folder of its programs.</summary>
    public const string Variable = "CINEGRAIN_TEST_KAFKA_CONTROL";

    /// <summary>Why tests are skipped, or null.</summary>
    public static string? Skip => Folder is null ? $"No Kafka that may be killed: set {Variable} to a folder with the programs start and stop." : null;

    /// <summary>Address of the broker.</summary>
    public string Bootstrap { get; private set; } = "";

    protected override IEnumerable<string> Arguments => ["--port", "0"];

    protected override void Started(IReadOnlyDictionary<string, string> fields) => Bootstrap = fields["bootstrap"];

    private static string? Folder { get; } = FolderOf(Variable);
}

/// <summary>An Elasticsearch that a test may kill, and that refuses what larger ones take: requests of more than 256 KB (413), and more than three at a time (429).</summary>
public sealed class OwnElasticsearch() : OwnServer(Folder)
{
    /// <summary>Variable with the folder of its programs.</summary>
    public const string Variable = "CINEGRAIN_TEST_ELASTICSEARCH_CONTROL";

    /// <summary>Why tests are skipped, or null.</summary>
    public static string? Skip => Folder is null ? $"No Elasticsearch that may be killed: set {Variable} to a folder with the programs start and stop." : null;

    /// <summary>Address of the node.</summary>
    public Uri? Url { get; private set; }

    protected override IEnumerable<string> Arguments =>
    [
        "--heap", "512m", "--port", $"{Url?.Port ?? 0}",
        "--set", "http.max_content_length=256kb", "--set", "thread_pool.write.size=2", "--set", "thread_pool.write.queue_size=1",
    ];

    protected override void Started(IReadOnlyDictionary<string, string> fields) => Url = new Uri(fields["url"]);

    private static string? Folder { get; } = FolderOf(Variable);
}

/// <summary>A test that kills a broker; skipped, with the reason, where there is none for it.</summary>
public sealed class OwnBrokerFactAttribute : FactAttribute
{
    public OwnBrokerFactAttribute() => Skip = OwnBroker.Skip;
}

/// <summary>A test that kills a broker and an Elasticsearch; skipped, with the reason, where there are none for it.</summary>
public sealed class OwnServersFactAttribute : FactAttribute
{
    public OwnServersFactAttribute() => Skip = OwnBroker.Skip ?? OwnElasticsearch.Skip;
}
