using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>
/// A network of a silo's own, a namespace of Linux with nothing but its loopback. What goes in and out passes relays of this process, and those between the
/// silo and its peers and Redis can be cut.
/// </summary>
internal sealed partial class SeparateNetwork : IAsyncDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    private static int _networks;

    private readonly string _name = $"cinegrain-{Environment.ProcessId}-{Interlocked.Increment(ref _networks)}";
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Task> _running = [];
    private volatile TaskCompletionSource _open = new();

    private SeparateNetwork() => _open.SetResult();

    /// <summary>Why tests are skipped, or null.</summary>
    public static string? Skip { get; } = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && IsOnPath("ip")
        ? null
        : "No network namespaces: run as root on Linux, with iproute2.";

    /// <summary>What starts a program in the network.</summary>
    public IReadOnlyList<string> Prefix => ["ip", "netns", "exec", _name];

    public static async Task<SeparateNetwork> CreateAsync()
    {
        var network = new SeparateNetwork();
        await RunAsync("netns", "add", network._name);
        await RunAsync("-n", network._name, "link", "set", "lo", "up");
        return network;
    }

    /// <summary>Lets those in the network reach a port of this machine's loopback by the same number.</summary>
    public void LetOut(int port, bool isCut) => Relay(port, Inside(), Outside, isCut);

    /// <summary>Lets others reach a port of the network.</summary>
    public void LetIn(int port, bool isCut) => Relay(port, Outside(), Inside, isCut);

    /// <summary>Nothing passes any more by the relays that can be cut: what is sent is on its way, who connects waits.</summary>
    public void Cut() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Everything passes again, first what was on its way.</summary>
    public void Mend() => _open.TrySetResult();

    /// <summary>A socket in the network.</summary>
    public Socket Inside()
    {
        // A socket belongs to the network of the thread that makes it, and no thread but this one, which ends, is to be there.
        Socket? socket = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var network = File.OpenHandle($"/run/netns/{_name}");
                socket = SetNetwork((int)network.DangerousGetHandle(), NewNetwork) == 0
                    ? Outside()
                    : throw new InvalidOperationException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? socket! : throw new InvalidOperationException($"no socket in {_name}", failure);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Mend();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await RunAsync("netns", "delete", _name);
        _stopping.Dispose();
    }

    private static Socket Outside() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private static bool IsOnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task RunAsync(params string[] arguments)
    {
        using var ip = Process.Start("ip", arguments);
        await ip.WaitForExitAsync();
        if (ip.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)} ended with exit code {ip.ExitCode}");
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNetwork(int descriptor, int kind);

    private void Relay(int port, Socket listener, Func<Socket> connect, bool isCut)
    {
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(64);
        _running.Add(AcceptAsync());

        async Task AcceptAsync()
        {
            using (listener)
            {
                while (true)
                {
                    var from = await listener.AcceptAsync(_stopping.Token);
                    _running.Add(ConnectAsync(from));
                }
            }
        }

        async Task ConnectAsync(Socket from)
        {
            using (from)
            using (var to = connect())
            {
                await OpenAsync();
                await to.ConnectAsync(IPAddress.Loopback, port, _stopping.Token);
                await Task.WhenAny(CopyAsync(from, to), CopyAsync(to, from));
            }
        }

        async Task CopyAsync(Socket from, Socket to)
        {
            var buffer = new byte[16 << 10];
            while (await from.ReceiveAsync(buffer, _stopping.Token) is > 0 and var count)
            {
                await OpenAsync();
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stopping.Token);
                }
            }
        }

        Task OpenAsync() => isCut ? _open.Task.WaitAsync(_stopping.Token) : Task.CompletedTask;
    }
}
