using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// One process of a cluster at a time sets things up: an empty index, which Elasticsearch makes once, stands for the lock. That of a process which died with
/// it is taken over after a minute.
/// </summary>
public sealed class SetupLock : IAsyncDisposable
{
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(1), Pause = TimeSpan.FromMilliseconds(300);

    private readonly ElasticsearchClient _client;
    private readonly string _index;

    private SetupLock(ElasticsearchClient client, string index) => (_client, _index) = (client, index);

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="Model.Ports.UnavailableException">Elasticsearch does not answer.</exception>
    /// <exception cref="ElasticsearchException">Access is denied.</exception>
    public static async Task<SetupLock> AcquireAsync(ElasticsearchClient client, CancellationToken cancellationToken)
    {
        var found = new SetupLock(client, $"{client.Options.Prefix}-setup");
        while (true)
        {
            try
            {
                await found.SendAsync(HttpMethod.Put, """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""", cancellationToken);
                return found;
            }
            catch (ElasticsearchException exception) when (exception.Type == "resource_already_exists_exception")
            {
                await found.RemoveStaleAsync(cancellationToken);
            }
            catch (ElasticsearchException exception)
            {
                throw exception.ForCaller(isStart: true);
            }

            await Task.Delay(Pause, client.Time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SendAsync(HttpMethod.Delete, null, CancellationToken.None);
        }
        catch (ElasticsearchException)
        {
            // Another process takes it over when it is stale.
        }
    }

    private async Task RemoveStaleAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = JsonDocument.Parse(await _client.SendAsync("indices", HttpMethod.Get, $"{_index}/_settings", default, cancellationToken));
            var made = answer.RootElement.GetProperty(_index).GetProperty("settings").GetProperty("index").GetProperty("creation_date").GetString();
            if (_client.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(made!, CultureInfo.InvariantCulture)) > Stale)
            {
                await SendAsync(HttpMethod.Delete, null, cancellationToken);
            }
        }
        catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Missing)
        {
            // It was given back meanwhile.
        }
    }

    private Task<byte[]> SendAsync(HttpMethod method, string? body, CancellationToken cancellationToken) => _client.SendAsync(
        "indices", method, _index, body is null ? default : Encoding.UTF8.GetBytes(body), cancellationToken);
}
