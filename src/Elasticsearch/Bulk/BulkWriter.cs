using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// Sends bulk requests and tells per document what became of it. What Elasticsearch refuses for now is sent again, that alone, with growing pauses; a
/// request that is too large is sent in halves; a document that is there in an equal or higher version counts as written.
/// </summary>
internal sealed class BulkWriter : IDisposable
{
    private const string Path = "_bulk?filter_path=" + BulkResponse.FilterPath;

    private readonly ElasticsearchClient _client;
    private readonly Meter _meter = new("Cinegrain");
    private readonly Counter<long> _documents, _repeated, _rejected;
    private readonly Histogram<double> _duration;

    public BulkWriter(ElasticsearchClient client)
    {
        _client = client;
        _documents = _meter.CreateCounter<long>("cinegrain.elasticsearch.documents", "{document}", "Documents sent in bulk requests.");
        _repeated = _meter.CreateCounter<long>("cinegrain.elasticsearch.repeated", "{document}", "Documents sent again because Elasticsearch refused them for now.");
        _rejected = _meter.CreateCounter<long>("cinegrain.elasticsearch.rejected", "{document}", "Documents that Elasticsearch does not take, by reason.");
        _duration = _meter.CreateHistogram<double>("cinegrain.elasticsearch.bulk.duration", "s", "Time of one bulk request.");
    }

    /// <summary>Writes the documents of a batch.</summary>
    /// <returns>Documents that no attempt will write (mapping, size), with their place in the batch.</returns>
    /// <exception cref="ElasticsearchException">
    /// Not all could be written: the cluster is away or has too much to do after all attempts, an index is read-only or gone, or access is denied.
    /// Documents may have been written; sending the batch again does no harm.
    /// </exception>
    public async Task<IReadOnlyList<BulkFailure>> WriteAsync(BulkBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return [];
        }

        var rejected = new List<BulkFailure>();
        await WriteAsync(batch, null, rejected, cancellationToken);
        foreach (var failure in rejected)
        {
            _rejected.Add(1, new KeyValuePair<string, object?>("reason", failure.Failure.ToString()));
        }

        return rejected;
    }

    public void Dispose() => _meter.Dispose();

    /// <param name="places">Places of the documents in the caller's batch; null when they are the same.</param>
    private async Task WriteAsync(BulkBatch batch, List<int>? places, List<BulkFailure> rejected, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            List<BulkFailure> failures;
            try
            {
                failures = await SendAsync(batch, cancellationToken);
            }
            catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.TooLarge)
            {
                await WriteHalvesAsync(batch, places, exception, rejected, cancellationToken);
                return;
            }
            catch (ElasticsearchException exception) when (exception.IsPassing && attempt + 1 < _client.Options.Attempts)
            {
                await Task.Delay(Backoff.Pause(attempt), _client.Time, cancellationToken);
                continue;
            }

            var again = new List<int>();
            BulkFailure? blocking = null;
            foreach (var failure in failures)
            {
                switch (failure.Failure)
                {
                    case ElasticsearchFailure.Conflict:
                        break;
                    case ElasticsearchFailure.Mapping or ElasticsearchFailure.TooLarge:
                        rejected.Add(failure with { Item = places?[failure.Item] ?? failure.Item });
                        break;
                    case ElasticsearchFailure.Unavailable or ElasticsearchFailure.Throttled:
                        again.Add(failure.Item);
                        break;
                    default:
                        blocking ??= failure;
                        break;
                }
            }

            if (blocking is { } cause)
            {
                throw ElasticsearchException.Of(cause.Status, cause.Type);
            }

            if (again.Count == 0)
            {
                return;
            }

            if (attempt + 1 >= _client.Options.Attempts)
            {
                var last = failures.First(failure => failure.Item == again[0]);
                throw ElasticsearchException.Of(last.Status, last.Type);
            }

            _repeated.Add(again.Count);
            (batch, places) = Select(batch, places, again);
            await Task.Delay(Backoff.Pause(attempt), _client.Time, cancellationToken);
        }
    }

    private async Task<List<BulkFailure>> SendAsync(BulkBatch batch, CancellationToken cancellationToken)
    {
        var started = _client.Time.GetTimestamp();
        var answer = await _client.SendAsync("bulk", HttpMethod.Post, Path, batch.Body, cancellationToken, isNdjson: true);
        _duration.Record(_client.Time.GetElapsedTime(started).TotalSeconds);
        _documents.Add(batch.Count);
        try
        {
            return BulkResponse.Failures(answer);
        }
        catch (JsonException exception)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Unavailable, "the answer to a bulk request is not that of Elasticsearch; is there a proxy between?", null, exception);
        }
    }

    private async Task WriteHalvesAsync(
        BulkBatch batch, List<int>? places, ElasticsearchException exception, List<BulkFailure> rejected, CancellationToken cancellationToken)
    {
        if (batch.Count == 1)
        {
            rejected.Add(new BulkFailure(places?[0] ?? 0, 413, exception.Type ?? "content_too_long"));
            return;
        }

        var half = batch.Count / 2;
        foreach (var part in new[] { Enumerable.Range(0, half), Enumerable.Range(half, batch.Count - half) })
        {
            var (smaller, selected) = Select(batch, places, part);
            await WriteAsync(smaller, selected, rejected, cancellationToken);
        }
    }

    private static (BulkBatch Batch, List<int> Places) Select(BulkBatch batch, List<int>? places, IEnumerable<int> items)
    {
        var selected = new BulkBatch();
        var theirs = new List<int>();
        foreach (var item in items)
        {
            selected.Copy(batch, item);
            theirs.Add(places?[item] ?? item);
        }

        return (selected, theirs);
    }
}
