using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// The few requests that Cinegrain makes of Elasticsearch 8 or 9, over HTTP. Every request may be repeated, so one that a node did not answer goes to
/// the next.
/// </summary>
public sealed class ElasticsearchClient : IDisposable
{
    private const string Json = "application/json", Ndjson = "application/x-ndjson";

    private readonly HttpClient _http;
    private readonly NodePool _nodes;
    private readonly AuthenticationHeaderValue? _authorization;
    private readonly Meter _meter = new("Cinegrain");
    private readonly Counter<long> _requests, _failures;

    /// <exception cref="ArgumentException">An option cannot be; the message says what would be right.</exception>
    public ElasticsearchClient(ElasticsearchOptions options, TimeProvider time)
        : this(options, time, null)
    {
    }

    internal ElasticsearchClient(ElasticsearchOptions options, TimeProvider time, HttpMessageHandler? handler)
    {
        Options = options.Validate();
        Time = time;
        _nodes = new NodePool(options.Nodes, time);
        _http = new HttpClient(handler ?? Handler(options)) { Timeout = Timeout.InfiniteTimeSpan };
        _authorization = options.ApiKey is { } key ? new AuthenticationHeaderValue("ApiKey", key)
            : options.User is { } user ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}")))
            : null;
        _requests = _meter.CreateCounter<long>("cinegrain.elasticsearch.requests", "{request}", "Requests to Elasticsearch, by kind.");
        _failures = _meter.CreateCounter<long>("cinegrain.elasticsearch.failures", "{request}", "Requests that Elasticsearch did not carry out, by reason.");
    }

    internal ElasticsearchOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _meter.Dispose();
    }

    /// <summary>Sends a request; the body of the answer.</summary>
    /// <param name="operation">Kind of request, for metrics.</param>
    /// <param name="path">Path and query; names of indices need no escaping.</param>
    /// <exception cref="ElasticsearchException">It was not carried out.</exception>
    internal async Task<byte[]> SendAsync(
        string operation, HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken, bool isNdjson = false)
    {
        _requests.Add(1, new KeyValuePair<string, object?>("operation", operation));
        var asked = new List<NodePool.Node>();
        while (true)
        {
            var node = _nodes.Take(asked);
            asked.Add(node);
            try
            {
                var answer = await AskAsync(node, method, path, body, isNdjson, cancellationToken);
                _nodes.Answered(node);
                return answer;
            }
            catch (ElasticsearchException exception)
            {
                if (exception.Failure != ElasticsearchFailure.Unavailable)
                {
                    _nodes.Answered(node);
                }
                else
                {
                    _nodes.Failed(node);
                    if (asked.Count < _nodes.Count)
                    {
                        continue;
                    }
                }

                _failures.Add(1, new("operation", operation), new("reason", exception.Failure.ToString()));
                throw;
            }
        }
    }

    /// <summary>Sends a request with a JSON body and reads the JSON of the answer.</summary>
    internal async Task<TResponse> SendAsync<TResponse>(
        string operation, HttpMethod method, string path, string? body, JsonTypeInfo<TResponse> type, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(operation, method, path, body is null ? default : Encoding.UTF8.GetBytes(body), cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(answer, type)
                ?? throw new ElasticsearchException(ElasticsearchFailure.Other, $"Elasticsearch answered {operation} with nothing; is there a proxy between?");
        }
        catch (JsonException exception)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Other, $"Elasticsearch answered {operation} with something that is not its JSON; is there a proxy between?", null, exception);
        }
    }

    private static SocketsHttpHandler Handler(ElasticsearchOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        };
        if (!options.Compress)
        {
            handler.AutomaticDecompression = DecompressionMethods.None;
        }

        if (options.Fingerprint() is { } fingerprint)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = CertificatePin.Callback(fingerprint);
        }

        return handler;
    }

    private async Task<byte[]> AskAsync(
        NodePool.Node node, HttpMethod method, string path, ReadOnlyMemory<byte> body, bool isNdjson, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(node.Uri, path));
        request.Headers.Authorization = _authorization;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
        if (!body.IsEmpty)
        {
            request.Content = Options.Compress && body.Length >= 1024 ? new ByteArrayContent(Compress(body)) : new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(isNdjson ? Ndjson : Json);
            if (request.Content is ByteArrayContent)
            {
                request.Content.Headers.ContentEncoding.Add("gzip");
            }
        }

        using var timeout = new CancellationTokenSource(Options.RequestTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode ? answer : throw ElasticsearchException.Of((int)response.StatusCode, ErrorType(answer));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Unavailable,
                $"{node.Uri} did not answer within {Options.RequestTimeout.TotalSeconds:0.#} s",
                null,
                exception);
        }
        catch (HttpRequestException exception) when (exception.InnerException is AuthenticationException)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Unavailable,
                $"{node.Uri} has a certificate that is not trusted: give the fingerprint of the cluster's certificate authority, or the right one",
                null,
                exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Unavailable, $"{node.Uri} cannot be reached: {exception.Message.TrimEnd('.')}", null, exception);
        }
    }

    /// <summary>The type of the error in an answer, if it is one of Elasticsearch.</summary>
    private static string? ErrorType(byte[] answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("type", out var type)
                ? type.GetString()
                : null;
        }
        catch (JsonException)
        {
            // A proxy's page, or nothing: the status alone says what is wrong.
            return null;
        }
    }

    private static byte[] Compress(ReadOnlyMemory<byte> body)
    {
        using var compressed = new MemoryStream(body.Length / 3);
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body.Span);
        }

        return compressed.ToArray();
    }
}
