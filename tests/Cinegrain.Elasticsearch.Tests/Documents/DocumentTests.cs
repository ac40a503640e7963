using System.Text.Json;
using Cinegrain.Elasticsearch.Tests.Support;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Elasticsearch.Tests.Documents;

public sealed class DocumentTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset At = new(2026, 2, 28, 20, 0, 0, TimeSpan.Zero);

    private readonly Server? _server = Server.Absent is null ? new Server() : null;
    private readonly MemoryLog _log = new();
    private ElasticsearchStateStore? _store;

    private Server Real => _server!;

    public Task InitializeAsync()
    {
        _store = _server is null ? null : new ElasticsearchStateStore(_server.Client, NullLogger<ElasticsearchStateStore>.Instance, (MovieIndex?)null);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _store!.DisposeAsync();
            await _server.RemoveAsync();
            _server.Dispose();
        }
    }

    [ElasticsearchFact]
    public async Task RunAsync_Interactions_AreInTheIndexOfTheDayOfTheirArrival()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Rate, 4.5));
        _log.Arrival += TimeSpan.FromDays(1);
        _log.Append(Interaction("bob", "2", InteractionKind.Skip, null));
        await RunToEndAsync();

        Assert.Equal(1, await Real.CountAsync("{prefix}-interactions-v1-2026.03.01"));
        Assert.Equal(1, await Real.CountAsync("{prefix}-interactions-v1-2026.03.02"));
        var source = (await Real.AskAsync(HttpMethod.Get, "{prefix}-interactions-v1-2026.03.01/_doc/1")).GetProperty("_source");
        Assert.Equal("ann rate Film of m-1 4.5 1990s", string.Join(' ', new[] { "user", "kind", "title", "value", "decade" }.Select(field => $"{source.GetProperty(field)}")));
        Assert.Equal(At.ToUnixTimeMilliseconds(), source.GetProperty("@timestamp").GetInt64());
    }

    [ElasticsearchFact]
    public async Task RunAsync_AgainFromTheBeginning_EachDocumentIsThereOnce()
    {
        for (var i = 0; i < 2_500; i++)
        {
            _log.Append(Interaction($"user-{i % 50}", $"{i}", InteractionKind.Like, null));
        }

        await RunToEndAsync();
        await Real.AskAsync(HttpMethod.Post, "{prefix}-state/_delete_by_query?refresh=true", """{"query":{"term":{"kind":"checkpoint"}}}""");
        await _store!.DisposeAsync();
        await InitializeAsync();
        await RunToEndAsync();

        Assert.Equal(2_500, await Real.CountAsync("{prefix}-interactions"));
    }

    [ElasticsearchFact]
    public async Task RunAsync_AfterARestart_GoesOnFromItsCheckpoint()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        await RunToEndAsync();
        await Real.AskAsync(HttpMethod.Delete, "{prefix}-interactions-v1-2026.03.01");
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null));
        await RunToEndAsync();

        Assert.Equal(1, await Real.CountAsync("{prefix}-interactions"));
    }

    [ElasticsearchFact]
    public async Task RunAsync_Erasure_RemovesWhatCameBeforeAndKeepsWhatCameAfter()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        _log.Append(Interaction("bob", "2", InteractionKind.Like, null));
        _log.Append(new Erasure { Id = "e", User = "ann", At = At });
        _log.Append(Interaction("ann", "3", InteractionKind.Like, null));
        await RunToEndAsync();

        Assert.Equal(["2", "3"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task EraseAsync_WithTheReaderInTheMidst_NothingOfTheUserStays()
    {
        // The log loses the records after the documents, as the embedded one does, so the reader sees no erasure.
        for (var i = 0; i < 6_000; i++)
        {
            _log.Append(Interaction(i % 3 == 0 ? "ann" : "bob", $"{i}", InteractionKind.Like, null));
        }

        using var documents = Documents();
        using var stopping = new CancellationTokenSource();
        var running = documents.RunAsync(stopping.Token);
        await documents.WaitAsync(0, 1, None);

        await documents.EraseAsync("ann", 0, 6_000, None);
        _log.Append(Interaction("ann", "back", InteractionKind.Like, null));
        await documents.WaitAsync(0, 6_001, None);
        await stopping.CancelAsync();
        await running;

        Assert.Equal(1, await Real.CountAsync("{prefix}-interactions", """{"term":{"user":"ann"}}"""));
        Assert.Equal(4_000, await Real.CountAsync("{prefix}-interactions", """{"term":{"user":"bob"}}"""));
    }

    [ElasticsearchFact]
    public async Task RunAsync_ConsentWithdrawn_NoDocumentsUntilItIsGivenAgainAlsoAfterARestart()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        _log.Append(new ConsentChange { Id = "c1", User = "ann", At = At, Learning = false });
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null));
        await RunToEndAsync();
        _log.Append(Interaction("ann", "3", InteractionKind.Like, null));
        _log.Append(Interaction("bob", "4", InteractionKind.Like, null));
        await RunToEndAsync();
        _log.Append(new ConsentChange { Id = "c2", User = "ann", At = At, Learning = true });
        _log.Append(Interaction("ann", "5", InteractionKind.Like, null));
        await RunToEndAsync();

        Assert.Equal(["1", "4", "5"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task EraseAsync_UserWhoWithdrewConsent_IsNotRememberedForIt()
    {
        _log.Append(new ConsentChange { Id = "c1", User = "ann", At = At, Learning = false });
        await RunToEndAsync();
        using (var documents = Documents())
        {
            await documents.EraseAsync("ann", 0, 1, None);
        }

        var stored = (await _store!.LoadAsync(ActorKind.Singleton, ["documents/withdrawn/0"], None))[0]!;
        Assert.True(stored.IsTombstone);
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null));
        await RunToEndAsync();
        Assert.Equal(["2"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task RunAsync_CallersIdOfTwoUsers_IsADocumentOfEach()
    {
        _log.Append(Interaction("ann", "chosen", InteractionKind.Like, null, idempotent: true));
        _log.Append(Interaction("bob", "chosen", InteractionKind.Like, null, idempotent: true));
        await RunToEndAsync();
        Assert.Equal(["ann/chosen", "bob/chosen"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task RunAsync_DocumentThatElasticsearchDoesNotTake_IsToldAndTheReaderGoesOn()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        _log.Append(new LogEntry(Topics.Interactions, "ann", "not json"u8.ToArray()));

        // A keyword longer than Lucene takes.
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null) with { Movie = new string('x', 40_000) });
        _log.Append(Interaction("ann", "3", InteractionKind.Like, null));
        await RunToEndAsync();

        Assert.Equal(["1", "3"], await IdsAsync());
        var rejected = await _log.ReadAsync(Topics.Rejected, 0, 0, 10, None);
        var told = JsonSerializer.Deserialize(Assert.Single(rejected).Value.Span, WireFormat.Default.RejectedInput)!;
        Assert.Equal(("document-refused", 2), (told.Reason, told.Line));
    }

    [ElasticsearchFact]
    public async Task RunAsync_IndexTakesNoWrites_WaitsAndGoesOnWhenItDoes()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        await RunToEndAsync();
        await Real.AskAsync(HttpMethod.Put, "{prefix}-interactions/_settings", """{"index.blocks.write":true}""");
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null));
        var logger = new Warnings();
        using (var documents = Documents(logger))
        {
            var running = RunToEndAsync(documents, Topics.Interactions);
            var warning = await logger.First.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
            Assert.Contains("an index takes no writes", warning, StringComparison.Ordinal);
            Assert.False(running.IsCompleted);
            await Real.AskAsync(HttpMethod.Put, "{prefix}-interactions/_settings", """{"index.blocks.write":false}""");
            await running;
        }

        Assert.Equal(["1", "2"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task RunAsync_RejectedInput_IsCountedByReason()
    {
        foreach (var reason in new[] { "unknown-movie", "unknown-movie", "bad-value" })
        {
            _log.Append(new LogEntry(Topics.Rejected, "api", JsonSerializer.SerializeToUtf8Bytes(
                new RejectedInput { Source = "api", Reason = reason, Detail = "d", At = At, User = "ann" }, WireFormat.Default.RejectedInput)));
        }

        using var documents = new RejectedDocuments(Real.Client, _log, _store!, NullLogger<RejectedDocuments>.Instance);
        await RunToEndAsync(documents, Topics.Rejected);

        Assert.Equal(2, await Real.CountAsync("{prefix}-metrics", """{"bool":{"filter":[{"term":{"measure":"rejected"}},{"term":{"reason":"unknown-movie"}}]}}"""));
        var answer = await Real.AskAsync(HttpMethod.Get, "{prefix}-metrics/_search");
        Assert.DoesNotContain("ann", answer.GetRawText(), StringComparison.Ordinal);
    }

    [ElasticsearchFact]
    public async Task WriteAsync_Metrics_OneDocumentAMinuteOfQualityWrittenOver()
    {
        var quality = new Dictionary<long, QualitySums> { [29_000_000] = new(10, 2, 1.5, 1, 1, 0.5) };
        using var documents = new MetricDocuments(
            Real.Client,
            () => new MetricSample(7, 1.5, 3, 9, 0, 2, 4, quality, [new VariantHour("stage1", 480_000, quality[29_000_000])], [Experiment.Arm]),
            "one",
            NullLogger<MetricDocuments>.Instance);
        await documents.WriteAsync(None);
        quality[29_000_000] = new(20, 5, 3, 2, 1, 0.5);
        await documents.WriteAsync(None);

        await Real.CountAsync("{prefix}-metrics");
        var found = await Real.AskAsync(HttpMethod.Post, "{prefix}-metrics/_search", """{"query":{"term":{"measure":"quality"}}}""");
        var source = Assert.Single(found.GetProperty("hits").GetProperty("hits").EnumerateArray()).GetProperty("_source");
        Assert.Equal((0.25, 0.15), (source.GetProperty("recall_at_10").GetDouble(), source.GetProperty("ndcg_at_10").GetDouble()));
        Assert.Equal(1, await Real.CountAsync("{prefix}-metrics", """{"bool":{"filter":[{"term":{"variant":"stage1"}},{"term":{"measure":"variant"}}]}}"""));
        Assert.Equal(2, await Real.CountAsync("{prefix}-metrics", """{"term":{"measure":"experiment"}}"""));
        var experiment = (await Real.AskAsync(
            HttpMethod.Post, "{prefix}-metrics/_search", """{"size":1,"query":{"term":{"measure":"experiment"}}}""")).GetProperty("hits").GetProperty("hits")[0].GetProperty("_source");
        Assert.Equal(
            (0.3, 0.25, 0.35, 0.4, 0.05),
            (Number("ndcg_at_10"), Number("ndcg_at_10_low"), Number("ndcg_at_10_high"), Number("coverage"), Number("click_through_low")));
        Assert.Equal(2, await Real.CountAsync("{prefix}-metrics", """{"term":{"measure":"engine"}}"""));

        double Number(string name) => experiment.GetProperty(name).GetDouble();
    }

    [ElasticsearchFact]
    public async Task TrimAsync_OldIndices_AreDeletedWholeAndOthersStay()
    {
        _log.Append(Interaction("ann", "1", InteractionKind.Like, null));
        _log.Arrival += TimeSpan.FromDays(1);
        _log.Append(Interaction("ann", "2", InteractionKind.Like, null));
        await RunToEndAsync();
        using var documents = Documents();

        await documents.TrimAsync(new DateTimeOffset(2026, 3, 1, 23, 59, 59, TimeSpan.Zero), None);
        Assert.Equal(["1", "2"], await IdsAsync());
        await documents.TrimAsync(new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero), None);
        Assert.Equal(["2"], await IdsAsync());
    }

    [ElasticsearchFact]
    public async Task AppendAsync_AuditEntries_AreAnIndexAMonth()
    {
        var audit = new AuditDocuments(Real.Client);
        await audit.AppendAsync(new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), "key-1", "Erased", "hash", None);
        await audit.AppendAsync(new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), "key-1", "Exported", "hash", None);

        Assert.Equal(1, await Real.CountAsync("{prefix}-audit", """{"term":{"action":"Erased"}}"""));
        await audit.TrimAsync(new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), None);
        Assert.Equal(0, await Real.CountAsync("{prefix}-audit", """{"term":{"action":"Erased"}}"""));
        Assert.Equal(1, await Real.CountAsync("{prefix}-audit"));
    }

    private static Interaction Interaction(string user, string id, InteractionKind kind, double? value, bool idempotent = false) => new()
    {
        Id = id,
        User = user,
        At = At,
        Movie = "m-1",
        Kind = kind,
        Value = value,
        Preference = Normalisation.Preference(kind, value),
        Idempotent = idempotent,
        Genres = ["Drama"],
        Year = 1994,
        Language = "en",
        People = ["Somebody"],
    };

    private InteractionDocuments Documents(ILogger<InteractionDocuments>? logger = null) => new(
        Real.Client, _log, _store!, movie => $"Film of {movie}"[..Math.Min(20, movie.Length + 8)], logger ?? NullLogger<InteractionDocuments>.Instance);

    private async Task RunToEndAsync()
    {
        using var documents = Documents();
        await RunToEndAsync(documents, Topics.Interactions);
    }

    private async Task RunToEndAsync(LogDocuments documents, string topic)
    {
        using var stopping = new CancellationTokenSource();
        var running = documents.RunAsync(stopping.Token);
        await documents.WaitAsync(0, _log.End(topic, 0), None);
        await stopping.CancelAsync();
        await running;
    }

    private async Task<IEnumerable<string>> IdsAsync()
    {
        await Real.CountAsync("{prefix}-interactions");
        return (await Real.AskAsync(HttpMethod.Post, "{prefix}-interactions/_search", """{"size":100}""")).GetProperty("hits").GetProperty("hits")
            .EnumerateArray().Select(hit => hit.GetProperty("_id").GetString()!).Order();
    }

    /// <summary>Tells of the first warning.</summary>
    private sealed class Warnings : ILogger<InteractionDocuments>
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> First => _first.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _first.TrySetResult(formatter(state, exception));
    }
}
