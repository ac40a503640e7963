using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Client;

/// <summary>
/// Client of the REST API. Waits and tries again when the server says 429 or 503, as long as Retry-After says, and when the connection breaks
/// after it once worked; a repeat is harmless, since whatever is sent twice carries an idempotency key or is idempotent.
/// </summary>
internal sealed class CinegrainClient : IDisposable
{
    private const int MostAttempts = 10;
    private const string LinesType = "application/x-ndjson";

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private bool _reached;

    /// <param name="server">Address of the server, such as <c>http://localhost:5080</c>.</param>
    /// <param name="key">API key; null when the server needs none.</param>
    public CinegrainClient(Uri server, string? key, TimeProvider time)
    {
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            BaseAddress = server.AbsoluteUri.EndsWith('/') ? server : new Uri(server.AbsoluteUri + "/"),
        };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    /// <summary>Adds or replaces movies, one JSON object a line.</summary>
    public Task<Receipt> PutMoviesAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellationToken) =>
        PostLinesAsync("v1/movies", lines, null, cancellationToken);

    /// <summary>Sends interactions, one JSON object a line. The receipt comes when those accepted are durable.</summary>
    /// <param name="idempotencyKey">Makes a repeat of the same lines harmless.</param>
    public Task<Receipt> SubmitAsync(ReadOnlyMemory<byte> lines, string? idempotencyKey, CancellationToken cancellationToken) =>
        PostLinesAsync("v1/interactions", lines, idempotencyKey, cancellationToken);

    /// <summary>The user's list.</summary>
    /// <param name="after">Position of a write that the list is to include.</param>
    public Task<MovieList> RecommendAsync(string user, int count, string? after, CancellationToken cancellationToken)
    {
        var wait = after is null ? "" : "&after=" + Uri.EscapeDataString(after);
        return GetAsync(
            string.Create(CultureInfo.InvariantCulture, $"v1/users/{Uri.EscapeDataString(user)}/recommendations?n={count}{wait}"),
            ClientJson.Default.MovieList,
            cancellationToken);
    }

    /// <summary>The most taken movies.</summary>
    public Task<MovieList> PopularAsync(int count, CancellationToken cancellationToken) =>
        GetAsync(string.Create(CultureInfo.InvariantCulture, $"v1/popular?n={count}"), ClientJson.Default.MovieList, cancellationToken);

    /// <summary>The whole catalogue, page by page.</summary>
    public async IAsyncEnumerable<MovieMetadata> MoviesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            var page = await GetAsync(
                "v1/movies?n=100" + (after is null ? "" : "&after=" + Uri.EscapeDataString(after)), ClientJson.Default.MoviePage, cancellationToken).ConfigureAwait(false);
            foreach (var movie in page.Items)
            {
                yield return movie;
            }

            after = page.Next;
        }
        while (after is not null);
    }

    /// <summary>Copies all that is held of a user, as JSON.</summary>
    public async Task ExportAsync(string user, Stream to, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, $"v1/users/{Uri.EscapeDataString(user)}/export"), cancellationToken).ConfigureAwait(false);
        await ThrowIfFailedAsync(response, cancellationToken).ConfigureAwait(false);
        await response.Content.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Erases a user.</summary>
    public async Task<ErasureReport> EraseAsync(string user, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Delete, $"v1/users/{Uri.EscapeDataString(user)}"), cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, ClientJson.Default.ErasureReport, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string address, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Receipt> PostLinesAsync(string address, ReadOnlyMemory<byte> lines, string? idempotencyKey, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(lines) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(LinesType);
                if (idempotencyKey is not null)
                {
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                }

                return request;
            },
            cancellationToken).ConfigureAwait(false);

        // 422: every line was refused; the problem tells of each.
        if (response.StatusCode == HttpStatusCode.UnprocessableEntity
            && await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false) is { Rejected: { } rejected })
        {
            return new Receipt(0, rejected);
        }

        return await ReadAsync(response, ClientJson.Default.Receipt, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> create, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan wait;
            using (var request = create())
            {
                try
                {
                    var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
                    _reached = true;
                    if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) || attempt == MostAttempts)
                    {
                        return response;
                    }

                    wait = RetryAfter(response) ?? Backoff(attempt);
                    response.Dispose();
                }
                catch (HttpRequestException error) when (!_reached || attempt == MostAttempts)
                {
                    throw new CommandException(
                        $"No server answers at {_http.BaseAddress}: start one (dotnet run --project src/Standalone) or name another with --server ({error.Message}).", error);
                }
                catch (HttpRequestException)
                {
                    wait = Backoff(attempt);
                }
                catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
                {
                    throw new CommandException($"The server at {_http.BaseAddress} did not answer within {_http.Timeout.TotalSeconds:N0} seconds: look at its log, then run this again.", error);
                }
            }

            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;
    }

    private static TimeSpan Backoff(int attempt) => TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << (attempt - 1)));

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await ThrowIfFailedAsync(response, cancellationToken).ConfigureAwait(false);
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("the answer is null");
        }
        catch (JsonException error)
        {
            throw new CommandException($"What answers at {_http.BaseAddress} is not a Cinegrain server of this version: check --server ({error.Message}).", error);
        }
    }

    private static async Task ThrowIfFailedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
        var errors = problem?.Errors is { } fields ? " " + string.Join(" ", fields.Select(field => $"{field.Key}: {string.Join(" ", field.Value)}")) : "";
        var said = (problem?.Detail ?? problem?.Title ?? response.ReasonPhrase) + errors;
        throw new CommandException(response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => $"The server wants an API key: give one with --key or in the variable {ServerOptions.KeyVariable} ({said}).",
            HttpStatusCode.Forbidden => $"The server does not allow this: use a key of the scope it names ({said}).",
            _ => $"The server answered {(int)response.StatusCode}: {said}",
        });
    }

    private static async Task<ProblemDetails?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
            return await response.Content.ReadFromJsonAsync(ClientJson.Default.ProblemDetails, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Something else than Cinegrain answered; the status says enough.
            return null;
        }
    }
}
