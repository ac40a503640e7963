using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Cinegrain.Contracts.Servers;

/// <summary>
/// A broker that a test may kill. Its programs stand in the folder that the environment names: <c>start --dir DIR --port 0</c> starts one and prints
/// <c>bootstrap=HOST:PORT pid=PID …</c>, and starts it again on the same data and port; <c>stop --dir DIR</c> stops it.
/// </summary>
public sealed class OwnBroker : IAsyncLifetime
{
    /// <summary>Variable with the folder.</summary>
    public const string Variable = "CINEGRAIN_TEST_KAFKA_CONTROL";

    private readonly string _data = Directory.CreateTempSubdirectory("cinegrain-kafka-").FullName;
    private int _process;

    /// <summary>Why tests are skipped, or null.</summary>
    public static string? Skip => Folder is null ? $"No Kafka that may be killed: set {Variable} to a folder with the programs start and stop." : null;

    /// <summary>Address of the broker.</summary>
    public string Bootstrap { get; private set; } = "";

    private static string? Folder { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    public Task InitializeAsync() => Folder is null ? Task.CompletedTask : StartAsync();

    public async Task DisposeAsync()
    {
        if (Folder is not null)
        {
            await RunAsync("stop", "--dir", _data);
        }

        Directory.Delete(_data, recursive: true);
    }

    public async Task StartAsync()
    {
        var line = await RunAsync("start", "--dir", _data, "--port", "0");
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(field => field.Split('=', 2)).Where(field => field.Length == 2).ToDictionary(field => field[0], field => field[1]);
        Bootstrap = fields["bootstrap"];
        _process = int.Parse(fields["pid"], CultureInfo.InvariantCulture);
    }

    /// <summary>Kills the broker as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        using var process = Process.GetProcessById(_process);
        process.Kill();
        await process.WaitForExitAsync();
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Folder!, program), arguments) { RedirectStandardOutput = true })!;
        var line = await process.StandardOutput.ReadLineAsync() ?? "";
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? line : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}");
    }
}

/// <summary>A test that kills a broker; skipped, with the reason, where there is none for it.</summary>
public sealed class OwnBrokerFactAttribute : FactAttribute
{
    public OwnBrokerFactAttribute() => Skip = OwnBroker.Skip;
}
