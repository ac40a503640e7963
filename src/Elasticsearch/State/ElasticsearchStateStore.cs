using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// States in the indices of users and movies, one document each, with the state's bytes beside what analysts read; singletons, checkpoints and
/// the identity of the log in a small third index.
/// </summary>
/// <remarks>
/// A state's version is the external version of its document, so Elasticsearch keeps the higher one, whoever comes first. A tombstone is a document
/// without a state, since Elasticsearch soon forgets the versions of documents that were deleted. A checkpoint is written after every state of it
/// was acknowledged, and only over the one that this process wrote or read: of two processes, the second to write is told.
/// </remarks>
public sealed class ElasticsearchStateStore : IStateStore, IAsyncDisposable
{
    private const int LoadStep = 500, ScanStep = 500;
    private const int MaximumIdBytes = 500;
    private const int MostConflicts = 20, MostSpare = 4;
    private const string KeepAlive = "2m";

    private readonly ElasticsearchClient _client;
    private readonly StateIndices _indices;
    private readonly IStateDescriber? _describer;
    private readonly BulkWriter _bulk;
    private readonly StateDocuments _documents;
    private readonly StoreLease _lease;
    private readonly Meter _meter = new("Cinegrain");
    private readonly Counter<long> _undescribed;
    private readonly SemaphoreSlim _ensuring = new(1);
    private readonly string _users, _movies, _state;
    private readonly string _writer;
    private readonly Dictionary<string, (long SequenceNumber, long PrimaryTerm)?> _checkpoints = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    // Made anew, buffers as large as these keep the collector busy. One whose request failed does not come back: that may be read still.
    private readonly ConcurrentBag<BulkBatch> _spare = [];
    private volatile bool _isEnsured;
    private int _queuedStates, _disposed;
    private long _queuedBytes;

    /// <param name="client">How Elasticsearch is reached; the caller disposes of it after the store.</param>
    /// <param name="describeWith">Numbers of this process's movies: what analysts read is written beside the states; null leaves it out.</param>
    public ElasticsearchStateStore(ElasticsearchClient client, ILogger<ElasticsearchStateStore> logger, MovieIndex? describeWith)
        : this(client, logger, describeWith is null ? null : new StateDescriber(describeWith))
    {
    }

    internal ElasticsearchStateStore(
        ElasticsearchClient client, ILogger<ElasticsearchStateStore> logger, IStateDescriber? describer, IReadOnlyList<IndexTemplate>? templates = null)
    {
        templates ??= StateIndices.Templates(client.Options.Prefix);
        (_client, _describer) = (client, describer);
        (_users, _movies, _state) = (templates[0].Alias, templates[1].Alias, templates[2].Alias);
        _indices = new StateIndices(client, templates, logger);
        _bulk = new BulkWriter(client);
        _documents = new StateDocuments(client, _state);
        _writer = client.Options.SharedBy is { } cluster ? "cluster/" + cluster : Guid.NewGuid().ToString("N");
        _lease = new StoreLease(client, _documents, _writer, logger);
        var options = client.Options;
        _undescribed = _meter.CreateCounter<long>(
            "cinegrain.store.undescribed", "{state}", "States stored without what analysts read, since Elasticsearch did not take that.");
        _meter.CreateObservableGauge("cinegrain.store.queue.records", () => Volatile.Read(ref _queuedStates), "{record}", "States waiting to be written.");
        _meter.CreateObservableGauge("cinegrain.store.queue.bytes", () => Volatile.Read(ref _queuedBytes), "By", "Bytes waiting to be written.");
        _meter.CreateObservableGauge(
            "cinegrain.store.queue.fill",
            () => Math.Max((double)Volatile.Read(ref _queuedStates) / options.QueuedStates, (double)Volatile.Read(ref _queuedBytes) / options.QueuedBytes),
            "1",
            "How full the queue of writes is; 1 refuses more.");
    }

    internal StoreLease Lease => _lease;

    /// <inheritdoc/>
    /// <remarks>Also takes the hold on the indices that keeps a second process out; giving it back is disposing of the store.</remarks>
    /// <exception cref="StoreTakenException">Another process works on the indices.</exception>
    /// <exception cref="ElasticsearchException">Access is denied, or this is no Elasticsearch that can be used; the message says what to do.</exception>
    public async ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken, isStart: true);
        var bound = await GuardAsync(
            async () =>
            {
                try
                {
                    await _documents.PutAsync(
                        BindingId, null, $$"""{"kind":"binding","log":{{JsonText.Quote(logIdentity)}}}""", cancellationToken);
                    return logIdentity;
                }
                catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Conflict)
                {
                    return (await _documents.GetAsync(BindingId, cancellationToken))?.Source?.Log;
                }
            });
        if (bound != logIdentity)
        {
            throw new WrongLogException(
                $"the indices {_users}, {_movies} and {_state} were built from the log {bound}, but the log here is {logIdentity}. Restore log and "
                + "indices of one backup together, choose another index prefix, or delete these indices to rebuild them from this log");
        }

        await GuardAsync(async () =>
        {
            await _lease.AcquireAsync(cancellationToken);
            return true;
        });
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (ids.Count == 0)
        {
            return [];
        }

        await EnsureAsync(cancellationToken);
        var states = new List<ActorState?>(ids.Count);
        foreach (var step in ids.Chunk(LoadStep))
        {
            var body = new StringBuilder("{\"ids\":[").AppendJoin(',', step.Select(id => JsonText.Quote(DocumentId(kind, id)))).Append("]}");
            var answer = await GuardAsync(() => _client.SendAsync(
                "load", HttpMethod.Post, $"{Index(kind)}/_mget?_source_includes=state", $"{body}", StateJson.Default.MgetResponse, cancellationToken));
            foreach (var (id, document) in step.Zip(answer.Docs))
            {
                if (document.Error is { } error)
                {
                    throw ElasticsearchException.OfDocument(error.Type).ForCaller();
                }

                states.Add(document.Found ? new ActorState(kind, id, document.Version, document.Source?.State) : null);
            }
        }

        return states;
    }

    /// <inheritdoc/>
    /// <remarks>All states of one moment: that of the first answer.</remarks>
    public async IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        var index = Index(kind);
        var pit = await GuardAsync(async () =>
        {
            await _client.SendAsync("scan", HttpMethod.Post, $"{index}/_refresh", default, cancellationToken);
            return (await _client.SendAsync(
                "scan", HttpMethod.Post, $"{index}/_pit?keep_alive={KeepAlive}", null, StateJson.Default.PitResponse, cancellationToken)).Id;
        });
        try
        {
            var after = "";
            while (true)
            {
                var query = kind == ActorKind.Singleton
                    ? """{"bool":{"filter":[{"term":{"erased":false}},{"term":{"kind":"singleton"}}]}}"""
                    : """{"term":{"erased":false}}""";
                var body = $$"""
                    {"size":{{ScanStep}},"pit":{"id":{{JsonText.Quote(pit)}},"keep_alive":"{{KeepAlive}}"},"query":{{query}},"sort":[{"_shard_doc":"asc"}],
                    "version":true,"track_total_hits":false,"_source":["state","user","movie","name"]{{after}}}
                    """;
                var answer = await GuardAsync(() => _client.SendAsync(
                    "scan", HttpMethod.Post, "_search?allow_partial_search_results=false", body, StateJson.Default.SearchResponse, cancellationToken));
                pit = answer.PitId;
                foreach (var hit in answer.Hits.Hits)
                {
                    var id = hit.Source.User ?? hit.Source.Movie ?? hit.Source.Name
                        ?? throw new WrongLogException($"a document of {index} has no id: delete the indices to rebuild them from the log");
                    yield return new ActorState(kind, id, hit.Version, hit.Source.State);
                }

                if (answer.Hits.Hits.Count < ScanStep)
                {
                    break;
                }

                after = $",\"search_after\":{answer.Hits.Hits[^1].Sort.GetRawText()}";
            }
        }
        finally
        {
            await ClosePitAsync(pit);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        var id = CheckpointId(topic, partition);
        var document = await GuardAsync(() => _documents.GetAsync(id, cancellationToken));
        lock (_gate)
        {
            _checkpoints[id] = document is null ? null : (document.SequenceNumber, document.PrimaryTerm);
        }

        return document?.Source is { } source ? new Checkpoint(topic, partition, source.Offset, source.Epoch, source.State) : null;
    }

    /// <inheritdoc/>
    /// <remarks>The bytes must not change until the task completes.</remarks>
    /// <exception cref="StoreTakenException">Another process has taken the indices over.</exception>
    public async ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        var bytes = states.Sum(state => (long)state.State.Length);
        Enqueue(states.Count, bytes);
        try
        {
            // The caller goes on while documents are made.
            await Task.Yield();
            await EnsureAsync(cancellationToken);
            _lease.ThrowIfLost();
            await WriteStatesAsync(states, cancellationToken);
            if (checkpoint is not null)
            {
                await WriteCheckpointAsync(checkpoint, cancellationToken);
            }
        }
        finally
        {
            Interlocked.Add(ref _queuedStates, -states.Count);
            Interlocked.Add(ref _queuedBytes, -bytes);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _lease.DisposeAsync();
        _bulk.Dispose();
        _meter.Dispose();
        _ensuring.Dispose();
    }

    private const string BindingId = "binding";

    private static string CheckpointId(string topic, int partition) => $"checkpoint/{topic}/{partition}";

    private string Index(ActorKind kind) => kind switch
    {
        ActorKind.User => _users,
        ActorKind.Movie => _movies,
        _ => _state,
    };

    /// <summary>Elasticsearch takes ids of up to 512 bytes; a longer one stands under its hash.</summary>
    private static string DocumentId(ActorKind kind, string id)
    {
        var document = kind == ActorKind.Singleton ? $"singleton/{id}" : id;
        return document.Length * 3 <= MaximumIdBytes || Encoding.UTF8.GetByteCount(document) <= MaximumIdBytes
            ? document
            : "sha256/" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(document)));
    }

    private void Enqueue(int states, long bytes)
    {
        lock (_gate)
        {
            // A write beyond the bound by itself goes into an empty queue, or it never could.
            if (_queuedStates > 0 && states > 0
                && (_queuedStates + states > _client.Options.QueuedStates || _queuedBytes + bytes > _client.Options.QueuedBytes))
            {
                throw new UnavailableException("too much waits to be written to Elasticsearch; try again shortly", TimeSpan.FromSeconds(1));
            }

            Interlocked.Add(ref _queuedStates, states);
            Interlocked.Add(ref _queuedBytes, bytes);
        }
    }

    private async Task WriteStatesAsync(IReadOnlyList<ActorState> states, CancellationToken cancellationToken)
    {
        if (states.Count == 0)
        {
            return;
        }

        if (!_spare.TryTake(out var batch))
        {
            batch = new BulkBatch();
        }

        var written = new List<ActorState>();
        foreach (var state in states)
        {
            Add(batch, state, _describer);
            written.Add(state);
            if (batch.Bytes >= _client.Options.BulkBytes || batch.Count >= _client.Options.BulkDocuments)
            {
                await FlushAsync(batch, written, cancellationToken);
            }
        }

        await FlushAsync(batch, written, cancellationToken);
        if (_spare.Count < MostSpare)
        {
            _spare.Add(batch);
        }
    }

    private async Task FlushAsync(BulkBatch batch, List<ActorState> written, CancellationToken cancellationToken)
    {
        var rejected = await GuardAsync(() => _bulk.WriteAsync(batch, cancellationToken), attempts: 1);
        if (rejected.Count > 0)
        {
            // What analysts read must not keep a state from being stored: it goes again without.
            using var bare = new BulkBatch();
            foreach (var failure in rejected)
            {
                Add(bare, written[failure.Item], null);
            }

            _undescribed.Add(rejected.Count);
            if (await GuardAsync(() => _bulk.WriteAsync(bare, cancellationToken), attempts: 1) is [var first, ..])
            {
                throw ElasticsearchException.Of(first.Status, first.Type);
            }
        }

        batch.Clear();
        written.Clear();
    }

    private void Add(BulkBatch batch, ActorState state, IStateDescriber? describer)
    {
        var json = batch.Begin(Index(state.Kind), DocumentId(state.Kind, state.Id), state.Version, requireAlias: true);
        json.WriteStartObject();
        if (state.Kind == ActorKind.Singleton)
        {
            json.WriteString("kind"u8, "singleton"u8);
        }

        json.WriteNumber("position"u8, state.Version);
        json.WriteBoolean("erased"u8, state.IsTombstone);
        if (!state.IsTombstone)
        {
            json.WriteString(state.Kind switch { ActorKind.User => "user"u8, ActorKind.Movie => "movie"u8, _ => "name"u8 }, state.Id);
            json.WriteBase64String("state"u8, state.State.Span);
            describer?.Describe(state, json);
        }

        json.WriteEndObject();
        batch.End();
    }

    private async Task WriteCheckpointAsync(Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var id = CheckpointId(checkpoint.Topic, checkpoint.Partition);
        bool isKnown;
        (long SequenceNumber, long PrimaryTerm)? last;
        lock (_gate)
        {
            isKnown = _checkpoints.TryGetValue(id, out last);
        }

        // Of processes that share the indices another one may have written a higher one.
        if (!isKnown || _client.Options.SharedBy is not null)
        {
            var document = await GuardAsync(() => _documents.GetAsync(id, cancellationToken));
            if (IsReached(document, checkpoint))
            {
                return;
            }

            last = document is null ? null : (document.SequenceNumber, document.PrimaryTerm);
        }

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var answer = await GuardAsync(() => _documents.PutAsync(
                    id,
                    last,
                    $$"""
                    {"kind":"checkpoint","topic":{{JsonText.Quote(checkpoint.Topic)}},"partition":{{checkpoint.Partition}},"offset":{{checkpoint.Offset}},
                    "epoch":{{checkpoint.Epoch}},"writer":"{{_writer}}","state":"{{Convert.ToBase64String(checkpoint.Statistics.Span)}}"}
                    """,
                    cancellationToken));
                lock (_gate)
                {
                    _checkpoints[id] = (answer.SequenceNumber, answer.PrimaryTerm);
                }

                return;
            }
            catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Conflict && attempt < (_client.Options.SharedBy is null ? 1 : MostConflicts))
            {
                // A write of this process whose answer was lost is no conflict, nor is that of another one of the same cluster.
                var document = await GuardAsync(() => _documents.GetAsync(id, cancellationToken));
                if (document?.Source?.Writer != _writer)
                {
                    throw Taken();
                }

                if (IsReached(document, checkpoint))
                {
                    return;
                }

                last = (document.SequenceNumber, document.PrimaryTerm);
            }
            catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Conflict)
            {
                throw Taken();
            }
        }
    }

    /// <summary>True when a cluster's store has a checkpoint that is as high, or of a later rebuild.</summary>
    private bool IsReached(MgetDocument? document, Checkpoint checkpoint) => _client.Options.SharedBy is not null && document?.Source is { } source
        && (source.Epoch > checkpoint.Epoch || (source.Epoch == checkpoint.Epoch && source.Offset >= checkpoint.Offset));

    private StoreTakenException Taken() => new(
        $"another process writes to {_users}, {_movies} and {_state}: run one process on one log and one set of indices, or give each its own index prefix");

    private async Task ClosePitAsync(string pit)
    {
        try
        {
            await _client.SendAsync("scan", HttpMethod.Delete, "_pit", Encoding.UTF8.GetBytes($$"""{"id":{{JsonText.Quote(pit)}}}"""), CancellationToken.None);
        }
        catch (ElasticsearchException)
        {
            // Elasticsearch closes it by itself when its time is up.
        }
    }

    /// <summary>Makes the indices before they are first used; another attempt is made when that failed.</summary>
    private async Task EnsureAsync(CancellationToken cancellationToken, bool isStart = false)
    {
        if (_isEnsured)
        {
            return;
        }

        await _ensuring.WaitAsync(cancellationToken);
        try
        {
            if (!_isEnsured)
            {
                await GuardAsync(
                    async () =>
                    {
                        await _indices.EnsureAsync(cancellationToken);
                        return true;
                    },
                    isStart);
                _isEnsured = true;
            }
        }
        finally
        {
            _ensuring.Release();
        }
    }

    /// <param name="attempts">Attempts when Elasticsearch has too much to do; by default those of the options.</param>
    private async Task<TResult> GuardAsync<TResult>(Func<Task<TResult>> request, bool isStart = false, int? attempts = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await request();
            }
            catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Throttled && attempt + 1 < (attempts ?? _client.Options.Attempts))
            {
                await Task.Delay(Backoff.Pause(attempt), _client.Time);
            }
            catch (ElasticsearchException exception)
            {
                throw exception.ForCaller(isStart);
            }
        }
    }
}
