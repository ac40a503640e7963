using System.Net;
using System.Net.Sockets;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>Stands between a host and its server, and can be shut, so that the server is away without being touched.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly Uri _server;
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private readonly int _port;
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public Gateway(Uri server)
    {
        _server = server;
        Open(0);
        _port = ((IPEndPoint)_listener!.LocalEndpoint).Port;
    }

    public Uri Url => new($"http://127.0.0.1:{_port}");

    /// <summary>Breaks what is open and refuses what comes.</summary>
    public async Task ShutAsync()
    {
        _listener!.Stop();
        await _accepting;
        lock (_gate)
        {
            _open.ForEach(client => client.Dispose());
            _open.Clear();
        }
    }

    public void Reopen() => Open(_port);

    public async ValueTask DisposeAsync() => await ShutAsync();

    private void Open(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                var server = new TcpClient();
                lock (_gate)
                {
                    _open.AddRange([client, server]);
                }

                await server.ConnectAsync(_server.Host, _server.Port);
                _ = CopyAsync(client, server);
                _ = CopyAsync(server, client);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is shut.
        }
    }

    private static async Task CopyAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone; the other notices.
            from.Dispose();
            to.Dispose();
        }
    }
}
