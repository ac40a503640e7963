using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>A span as it was exported.</summary>
internal sealed record Span(string Name, string TraceId, string SpanId, string ParentSpanId);

/// <summary>Takes traces by OTLP over HTTP (opentelemetry-proto, ExportTraceServiceRequest), and keeps the spans.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    /// <summary>Has a process export by HTTP instead of gRPC.</summary>
    public const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL", Protocol = "http/protobuf";

    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Span> _spans = new();
    private readonly Task _running;

    public OtlpReceiver()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
        }

        _listener.Prefixes.Add(Url);
        _listener.Start();
        _running = RunAsync();
    }

    public string Url { get; }

    public IReadOnlyCollection<Span> Spans => _spans;

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _running;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // The test ends.
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (context.Request.Url!.AbsolutePath == "/v1/traces")
            {
                foreach (var scopes in Fields(body.ToArray(), 1))
                {
                    foreach (var spans in Fields(scopes, 2))
                    {
                        foreach (var span in Fields(spans, 2))
                        {
                            _spans.Enqueue(new Span(Encoding.UTF8.GetString(One(span, 5)), Hex(span, 1), Hex(span, 2), Hex(span, 4)));
                        }
                    }
                }
            }

            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(One(message, field));

    private static byte[] One(byte[] message, int field) => Fields(message, field).FirstOrDefault() ?? [];

    /// <summary>Fields of a message that have a length, by number.</summary>
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            switch (tag & 7)
            {
                case 0:
                    Varint(message, ref at);
                    break;
                case 1:
                    at += sizeof(ulong);
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    if ((int)(tag >> 3) == number)
                    {
                        found.Add(message[at..(at + length)]);
                    }

                    at += length;
                    break;
                default:
                    at += sizeof(uint);
                    break;
            }
        }

        return found;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var b = message[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
