using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cinegrain.Cli.Tmdb;

/// <summary>
/// Reads The Movie Database, at a steady pace below its limit. What it refuses for now is asked again, after the time that it names.
/// </summary>
internal sealed class TmdbClient : IDisposable
{
    private const int Attempts = 8, AtOnce = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly string? _queryKey;
    private readonly SemaphoreSlim _open = new(AtOnce);
    private readonly Lock _gate = new();
    private TimeSpan _next;
    private readonly long _started;

    /// <param name="server">Such as https://api.themoviedb.org/3.</param>
    /// <param name="key">Read access token, or the older API key.</param>
    /// <param name="perSecond">Requests a second at most.</param>
    public TmdbClient(Uri server, string key, double perSecond, TimeProvider time)
    {
        (_time, _started, _interval) = (time, time.GetTimestamp(), TimeSpan.FromSeconds(1 / perSecond));
        _http = new HttpClient { BaseAddress = server.AbsoluteUri.EndsWith('/') ? server : new Uri(server.AbsoluteUri + "/") };
        if (key.Contains('.', StringComparison.Ordinal))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
        else
        {
            _queryKey = Uri.EscapeDataString(key);
        }
    }

    /// <summary>Ids of a list, page by page; films for adults only are left out.</summary>
    /// <param name="path">Path and query of the list.</param>
    /// <param name="pages">Pages at most.</param>
    public async IAsyncEnumerable<long> ListAsync(
        string path, int pages, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var page = 1; page <= pages; page++)
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var read = await GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"{path}{separator}page={page}"), TmdbJson.Default.TmdbPage, cancellationToken).ConfigureAwait(false);
            if (read is null)
            {
                yield break;
            }

            foreach (var movie in read.Results)
            {
                if (movie.Adult != true)
                {
                    yield return movie.Id;
                }
            }

            if (page >= read.TotalPages)
            {
                yield break;
            }
        }
    }

    /// <summary>A movie with its people; null when TMDB has none of that id.</summary>
    public Task<TmdbMovie?> MovieAsync(long id, CancellationToken cancellationToken) => GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"movie/{id}?append_to_response=credits"), TmdbJson.Default.TmdbMovie, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _open.Dispose();
    }

    private async Task<T?> GetAsync<T>(string address, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var asked = _queryKey is null ? address : $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}api_key={_queryKey}";
        await _open.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                await PaceAsync(cancellationToken).ConfigureAwait(false);
                TimeSpan pause;
                string reason;
                try
                {
                    using var response = await _http.GetAsync(asked, cancellationToken).ConfigureAwait(false);
                    if (response.IsSuccessStatusCode)
                    {
                        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                        return JsonSerializer.Deserialize(body, type);
                    }

                    if (response.StatusCode == HttpStatusCode.NotFound)
                    {
                        return null;
                    }

                    if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                    {
                        throw new CommandException(
                            $"TMDB does not accept the key: take the read access token of https://www.themoviedb.org/settings/api, in {TmdbImport.KeyVariable} or --key-file.");
                    }

                    if (response.StatusCode != HttpStatusCode.TooManyRequests && (int)response.StatusCode < 500)
                    {
                        throw new CommandException($"TMDB refuses {address.Split('?')[0]} ({(int)response.StatusCode}).");
                    }

                    reason = $"{(int)response.StatusCode}";
                    pause = response.Headers.RetryAfter is { } after
                        ? after.Delta ?? (after.Date is { } date ? date - _time.GetUtcNow() : Backoff(attempt))
                        : Backoff(attempt);
                }
                catch (HttpRequestException error)
                {
                    (reason, pause) = (error.Message, Backoff(attempt));
                }
                catch (JsonException error)
                {
                    throw new CommandException($"What answers at {_http.BaseAddress} is not TMDB: its answer to {address.Split('?')[0]} cannot be read.", error);
                }

                if (attempt == Attempts)
                {
                    throw new CommandException($"TMDB does not answer ({reason}): try again later; the import goes on from where it is.");
                }

                await Task.Delay(pause < TimeSpan.Zero ? TimeSpan.Zero : pause < LongestPause ? pause : LongestPause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _open.Release();
        }
    }

    private static TimeSpan Backoff(int attempt) => TimeSpan.FromSeconds(Math.Pow(2, attempt - 1) / 2);

    /// <summary>Waits until this request's turn: turns are one interval apart.</summary>
    private async Task PaceAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var now = _time.GetElapsedTime(_started);
            var turn = _next > now ? _next : now;
            _next = turn + _interval;
            wait = turn - now;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
        }
    }
}
