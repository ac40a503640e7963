using System.Diagnostics;

namespace Cinegrain.Embedded.Tests.Sqlite;

/// <summary>The writing process that tests kill; see <c>Cinegrain.Embedded.CrashWriter</c>.</summary>
internal sealed class Writer : IDisposable
{
    private readonly Process _process;

    private Writer(Process process) => _process = process;

    public int Id => _process.Id;

    public static async Task<Writer> StartAsync(string folder)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Cinegrain.Embedded.CrashWriter.dll"), folder },
        };
        var writer = new Writer(Process.Start(start)!);
        Assert.Equal("ready", await writer._process.StandardOutput.ReadLineAsync());
        return writer;
    }

    /// <summary>The next acknowledgement.</summary>
    public Task<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync();

    /// <summary>Kills the process (SIGKILL), and returns the acknowledgements that it had still written.</summary>
    public async Task<List<string>> KillAsync()
    {
        _process.Kill();
        var rest = new List<string>();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            rest.Add(line);
        }

        await _process.WaitForExitAsync();
        return rest;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
