using System.Text;
using System.Text.Json;
using Cinegrain.Elasticsearch.Tests.Support;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Elasticsearch.Tests.State;

public sealed class ElasticsearchStateStoreTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Server? _server = Server.Absent is null ? new Server() : null;

    private Server Real => _server!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.RemoveAsync();
            _server.Dispose();
        }
    }

    [ElasticsearchFact]
    public async Task WriteAsync_Tombstone_TheDocumentHoldsNothingElse()
    {
        await using var store = Open(describer: new Titles("title"));
        await store.WriteAsync([State(ActorKind.Movie, "m", 5)], null, None);
        await store.WriteAsync([new ActorState(ActorKind.Movie, "m", 6, default)], null, None);

        var source = (await Real.AskAsync(HttpMethod.Get, "{prefix}-movies/_doc/m")).GetProperty("_source");
        Assert.Equal(["erased", "position"], source.EnumerateObject().Select(field => field.Name).Order());
    }

    [ElasticsearchFact]
    public async Task WriteAsync_IdLongerThanElasticsearchTakes_ComesBackWhole()
    {
        await using var store = Open();
        var id = new string('電', 256);
        await store.WriteAsync([State(ActorKind.Movie, id, 5)], null, None);

        Assert.Equal(id, (await store.LoadAsync(ActorKind.Movie, [id], None))[0]!.Id);
        await foreach (var state in store.ScanAsync(ActorKind.Movie, None))
        {
            Assert.Equal(id, state.Id);
        }
    }

    [ElasticsearchFact]
    public async Task WriteAsync_WhatAnalystsReadDoesNotFit_TheStateIsStoredWithout()
    {
        await using var store = Open(describer: new Titles("no_such_field"));
        await store.WriteAsync([State(ActorKind.Movie, "m", 5), State(ActorKind.Movie, "n", 6)], null, None);
        Assert.Equal([5L, 6L], (await store.LoadAsync(ActorKind.Movie, ["m", "n"], None)).Select(state => state!.Version));
    }

    [ElasticsearchFact]
    public async Task WriteAsync_IndexTakesNoWrites_SaysSoAndGoesOnWhenItDoes()
    {
        await using var store = Open();
        await store.WriteAsync([State(ActorKind.User, "u", 1)], null, None);
        await Real.AskAsync(HttpMethod.Put, "{prefix}-users/_settings", """{"index.blocks.write":true}""");

        var failure = await Assert.ThrowsAsync<UnavailableException>(() => WriteAsync(store, 2, 2));
        Assert.Contains("takes no writes", failure.Message, StringComparison.Ordinal);
        Assert.Null(await store.LoadCheckpointAsync(Topics.Interactions, 0, None));

        await Real.AskAsync(HttpMethod.Put, "{prefix}-users/_settings", """{"index.blocks.write":false}""");
        await WriteAsync(store, 2, 2);
        Assert.Equal(2, (await store.LoadCheckpointAsync(Topics.Interactions, 0, None))!.Offset);
    }

    [ElasticsearchFact]
    public async Task WriteAsync_AnotherProcessWroteTheCheckpoint_IsTold()
    {
        await using var first = Open();
        await using var second = Open();
        await WriteAsync(first, 1, 1);
        await second.LoadCheckpointAsync(Topics.Interactions, 0, None);
        await WriteAsync(second, 2, 2);

        await Assert.ThrowsAsync<StoreTakenException>(() => WriteAsync(first, 3, 3));

        Assert.Equal(2, (await second.LoadCheckpointAsync(Topics.Interactions, 0, None))!.Offset);
        await WriteAsync(second, 4, 4);
    }

    [ElasticsearchFact]
    public async Task WriteAsync_IndicesAreGone_FailsInsteadOfMakingOthers()
    {
        await using var store = Open();
        await WriteAsync(store, 1, 1);
        await RemoveIndicesAsync("users", "movies", "state");

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => WriteAsync(store, 2, 2));
        Assert.Equal(ElasticsearchFailure.Missing, failure.Failure);
        Assert.Contains("rebuild", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ElasticsearchException>(async () => await store.LoadAsync(ActorKind.User, ["u"], None));
        await Assert.ThrowsAsync<ElasticsearchException>(async () => await store.LoadCheckpointAsync(Topics.Interactions, 0, None));
    }

    [ElasticsearchFact]
    public async Task BindAsync_AllIndicesWereDeleted_BeginsAnew()
    {
        await using (var store = Open())
        {
            await store.BindAsync("log-1", None);
            await WriteAsync(store, 1, 1);
        }

        await RemoveIndicesAsync("users", "movies", "state");
        await using var again = Open();
        await again.BindAsync("log-2", None);
        Assert.Null(await again.LoadCheckpointAsync(Topics.Interactions, 0, None));
        Assert.Null((await again.LoadAsync(ActorKind.User, ["u"], None))[0]);
    }

    [ElasticsearchTheory]
    [InlineData("users")]
    [InlineData("movies")]
    [InlineData("state")]
    public async Task BindAsync_SomeIndicesWereDeleted_IsRefused(string gone)
    {
        await using (var store = Open())
        {
            await store.WriteAsync([State(ActorKind.User, "u", 1), State(ActorKind.Movie, "m", 1)], new Checkpoint(Topics.Interactions, 0, 1, 0, default), None);
        }

        await RemoveIndicesAsync(gone);
        await using var again = Open();
        var refusal = await Assert.ThrowsAsync<WrongLogException>(() => again.BindAsync("log-1", None).AsTask());
        Assert.Contains("snapshot", refusal.Message, StringComparison.Ordinal);
    }

    [ElasticsearchFact]
    public async Task BindAsync_MappingOfANewerVersion_MovesTheDocumentsWithTheirVersions()
    {
        await using (var store = Open())
        {
            await store.BindAsync("log-1", None);
            await store.WriteAsync(
                [.. Enumerable.Range(0, 1_200).Select(i => State(ActorKind.User, $"u{i}", i + 1)), new ActorState(ActorKind.User, "gone", 9, default)],
                new Checkpoint(Topics.Interactions, 0, 7, 3, default),
                None);
        }

        // Whoever reads by the alias while it moves finds the documents in one index or the other.
        using var reading = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            while (!reading.IsCancellationRequested)
            {
                Assert.Equal("u7", (await Real.AskAsync(HttpMethod.Get, "{prefix}-users/_doc/u7")).GetProperty("_source").GetProperty("user").GetString());
            }
        });
        await using var newer = Open(templates: NextSchema());
        await newer.BindAsync("log-1", None);
        await reading.CancelAsync();
        await reader;

        Assert.Equal(["{prefix}-users-v2".Replace("{prefix}", Real.Prefix)], (await Real.AskAsync(HttpMethod.Get, "{prefix}-users*/_alias")).EnumerateObject().Select(index => index.Name));
        await newer.WriteAsync([State(ActorKind.User, "u500", 2), State(ActorKind.User, "gone", 8), State(ActorKind.User, "u1", 1_000)], null, None);
        var states = await newer.LoadAsync(ActorKind.User, ["u500", "gone", "u1"], None);
        Assert.Equal([501L, 9L, 1_000L], states.Select(state => state!.Version));
        Assert.True(states[1]!.IsTombstone);
        Assert.Equal(7, (await newer.LoadCheckpointAsync(Topics.Interactions, 0, None))!.Offset);
    }

    [ElasticsearchFact]
    public async Task BindAsync_MappingOfAnOlderProgram_IsRefused()
    {
        await using (var newer = Open(templates: NextSchema()))
        {
            await newer.BindAsync("log-1", None);
        }

        await using var older = Open();
        var refusal = await Assert.ThrowsAsync<WrongLogException>(() => older.BindAsync("log-1", None).AsTask());
        Assert.Contains("newer version", refusal.Message, StringComparison.Ordinal);
    }

    [ElasticsearchFact]
    public async Task BindAsync_AnotherProcessWorksOnTheIndices_IsRefused()
    {
        using var client = Leasing();
        await using var first = Open(client);
        await using var second = Open(client);
        await first.BindAsync("log-1", None);

        await Assert.ThrowsAsync<StoreTakenException>(() => second.BindAsync("log-1", None).AsTask());

        await WriteAsync(first, 1, 1);
        await first.DisposeAsync();
        await second.BindAsync("log-1", None);
    }

    [ElasticsearchFact]
    public async Task BindAsync_HolderFellSilent_TakesOverAndTheOldHolderWritesNoMore()
    {
        using var client = Leasing();
        await using var first = Open(client);
        await using var second = Open(client);
        await first.BindAsync("log-1", None);
        await WriteAsync(first, 1, 1);
        await first.Lease.EndAsync();

        await second.BindAsync("log-1", None);
        await second.LoadCheckpointAsync(Topics.Interactions, 0, None);
        await WriteAsync(second, 2, 2);

        await Assert.ThrowsAsync<StoreTakenException>(() => WriteAsync(first, 3, 3));
    }

    [ElasticsearchFact]
    public async Task WriteAsync_LeaseWasTakenOver_IsRefused()
    {
        using var client = Leasing();
        await using var store = Open(client);
        await store.BindAsync("log-1", None);
        await Real.AskAsync(HttpMethod.Put, "{prefix}-state/_doc/lease", """{"kind":"lease","writer":"another","host":"elsewhere","process":"1:1"}""");

        await Assert.ThrowsAsync<StoreTakenException>(async () =>
        {
            while (true)
            {
                await store.WriteAsync([State(ActorKind.User, "u", 1)], null, None);
            }
        });
    }

    [ElasticsearchFact]
    public async Task BindAsync_HolderOfThisMachineIsDead_TakesOverAtOnce()
    {
        await using (var store = Open())
        {
            await store.BindAsync("log-1", None);
        }

        // As this process would have left it, but with the time at which another process started.
        var lease = (await Real.AskAsync(HttpMethod.Get, "{prefix}-state/_doc/lease")).GetProperty("_source");
        var process = $"{Environment.ProcessId}:1";
        await Real.AskAsync(HttpMethod.Put, "{prefix}-state/_doc/lease",
            $$"""{"kind":"lease","writer":"dead","host":{{lease.GetProperty("host").GetRawText()}},"process":"{{process}}"}""");

        // Waiting would take minutes.
        using var client = new ElasticsearchClient(Real.Options with { LeaseTime = TimeSpan.FromMinutes(30) }, TimeProvider.System);
        await using var next = Open(client);
        await next.BindAsync("log-1", None).AsTask().WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task BindAsync_NoNodeAnswers_IsUnavailableAndSucceedsLater()
    {
        var away = true;
        using var nodes = new FakeNodes(request => away ? new FakeAnswer(0) : Answer(request));
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);

        await Assert.ThrowsAsync<UnavailableException>(() => store.BindAsync("log-1", None).AsTask());
        away = false;
        await store.BindAsync("log-1", None);
    }

    [Fact]
    public async Task BindAsync_AccessDenied_IsToldAtOnceAndLaterTriedAgain()
    {
        var denied = true;
        using var nodes = new FakeNodes(request => denied ? FakeAnswer.Error(401, "security_exception") : Answer(request));
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => store.BindAsync("log-1", None).AsTask());
        Assert.Equal(ElasticsearchFailure.Denied, failure.Failure);
        denied = false;
        await store.BindAsync("log-1", None);
        denied = true;
        await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync([State(ActorKind.User, "u", 1)], null, None).AsTask());
    }

    [Theory]
    [InlineData("7.17.9", "needs version 8")]
    [InlineData(null, "not Elasticsearch")]
    public async Task BindAsync_NoElasticsearchThatCanBeUsed_SaysWhich(string? version, string expected)
    {
        using var nodes = new FakeNodes(_ => new FakeAnswer(200, version is null ? "{}" : $$$"""{"version":{"number":"{{{version}}}"}}"""));
        using var client = nodes.Client();
        await using var store = Open(client);
        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => store.BindAsync("log-1", None).AsTask());
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no_shard_available_action_exception", typeof(UnavailableException))]
    [InlineData("index_not_found_exception", typeof(ElasticsearchException))]
    public async Task LoadAsync_DocumentCannotBeRead_TellsWhetherItPasses(string type, Type expected)
    {
        // A node that starts answers before its shards are there.
        using var nodes = new FakeNodes(request => request.Uri.AbsolutePath.EndsWith("_mget", StringComparison.Ordinal)
            ? new FakeAnswer(200, $$"""{"docs":[{"_id":"x","error":{"type":"{{type}}"} }]}""")
            : Answer(request));
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);

        await Assert.ThrowsAsync(expected, async () => await store.LoadAsync(ActorKind.User, ["u"], None));
        await Assert.ThrowsAsync(expected, async () => await store.LoadCheckpointAsync(Topics.Interactions, 0, None));
    }

    [Fact]
    public async Task ScanAsync_AShardIsMissing_IsAnErrorInsteadOfAPartOfTheStates()
    {
        using var nodes = new FakeNodes(request => request.Uri.AbsolutePath switch
        {
            "/_search" when request.Uri.Query.Contains("allow_partial_search_results=false", StringComparison.Ordinal) => FakeAnswer.Error(503, "search_phase_execution_exception"),
            "/_search" => new FakeAnswer(200, """{"pit_id":"p","hits":{"hits":[]}}"""),
            var path when path.EndsWith("_pit", StringComparison.Ordinal) => new FakeAnswer(200, """{"id":"p"}"""),
            _ => Answer(request),
        });
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);

        await Assert.ThrowsAsync<UnavailableException>(async () =>
        {
            await foreach (var _ in store.ScanAsync(ActorKind.User, None))
            {
            }
        });
    }

    [Fact]
    public async Task WriteAsync_AnswerToTheCheckpointWasLost_IsNoConflict()
    {
        var puts = 0;
        string? written = null;
        using var nodes = new FakeNodes(request =>
        {
            if (request.Method == HttpMethod.Put && request.Uri.AbsolutePath.Contains("checkpoint", StringComparison.Ordinal))
            {
                switch (puts++)
                {
                    case 0:
                        // Written, but the connection breaks.
                        written = request.Body;
                        return new FakeAnswer(0);
                    case 1:
                        return FakeAnswer.Error(409, "version_conflict_engine_exception");
                    default:
                        Assert.Contains("if_seq_no=41", request.Uri.Query, StringComparison.Ordinal);
                        return new FakeAnswer(200, """{"_seq_no":42,"_primary_term":1}""");
                }
            }

            return request.Uri.AbsolutePath.EndsWith("_mget", StringComparison.Ordinal) && written is not null
                ? new FakeAnswer(200, $$"""{"docs":[{"_id":"x","found":true,"_version":1,"_seq_no":41,"_primary_term":1,"_source":{{written}}}]}""")
                : Answer(request);
        });
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);
        var checkpoint = new Checkpoint(Topics.Interactions, 0, 5, 1, default);

        await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync([], checkpoint, None).AsTask());
        await store.WriteAsync([], checkpoint, None);

        Assert.Equal(3, puts);
    }

    [Fact]
    public async Task WriteAsync_AStateFails_TheCheckpointIsNotWritten()
    {
        using var nodes = new FakeNodes(request => request.Uri.AbsolutePath.EndsWith("_bulk", StringComparison.Ordinal)
            ? FakeAnswer.Bulk(request.BulkIds.Select((_, i) => i == 1 ? (503, "unavailable_shards_exception") : (201, "")))
            : Answer(request));
        using var client = nodes.Client(attempts: 1);
        await using var store = Open(client);

        await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync(
            [State(ActorKind.User, "u", 1), State(ActorKind.User, "v", 1)], new Checkpoint(Topics.Interactions, 0, 5, 1, default), None).AsTask());

        Assert.DoesNotContain(nodes.Requests, request => request.Uri.AbsolutePath.Contains("checkpoint", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WriteAsync_MoreThanTheQueueTakes_IsRefusedUntilThereIsRoom()
    {
        using var release = new ManualResetEventSlim();
        using var nodes = new FakeNodes(request =>
        {
            if (request.Uri.AbsolutePath.EndsWith("_bulk", StringComparison.Ordinal))
            {
                release.Wait();
            }

            return Answer(request);
        });
        using var client = new ElasticsearchClient(new ElasticsearchOptions { QueuedStates = 2 }, TimeProvider.System, nodes);
        await using var store = Open(client);
        await store.BindAsync("log-1", None);

        var first = Task.Run(() => WriteAsync(store, 1, 1));
        SpinUntilQueued(nodes);
        await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync(
            [State(ActorKind.User, "a", 1), State(ActorKind.User, "b", 1)], null, None).AsTask());
        release.Set();
        await first;
        await store.WriteAsync([State(ActorKind.User, "a", 1), State(ActorKind.User, "b", 1)], null, None);

        static void SpinUntilQueued(FakeNodes nodes)
        {
            while (!nodes.Requests.Any(request => request.Uri.AbsolutePath.EndsWith("_bulk", StringComparison.Ordinal)))
            {
                Thread.Yield();
            }
        }
    }

    private ElasticsearchClient Leasing() => new(Real.Options with { LeaseTime = TimeSpan.FromSeconds(1) }, TimeProvider.System);

    private static ActorState State(ActorKind kind, string id, long version) => new(kind, id, version, Encoding.UTF8.GetBytes($"state {version}"));

    private static Task WriteAsync(ElasticsearchStateStore store, long version, long offset) => store.WriteAsync(
        [State(ActorKind.User, "u", version)], new Checkpoint(Topics.Interactions, 0, offset, 0, default), None).AsTask();

    private static ElasticsearchStateStore Open(
        ElasticsearchClient client, IStateDescriber? describer = null, IReadOnlyList<IndexTemplate>? templates = null) =>
        new(client, NullLogger<ElasticsearchStateStore>.Instance, describer, templates);

    private ElasticsearchStateStore Open(IStateDescriber? describer = null, IReadOnlyList<IndexTemplate>? templates = null) => Open(Real.Client, describer, templates);

    private async Task RemoveIndicesAsync(params string[] names)
    {
        foreach (var name in names)
        {
            await Real.AskAsync(HttpMethod.Delete, $"{{prefix}}-{name}-v1");
        }
    }

    /// <summary>The templates of a later version of the program, with a field more.</summary>
    private IReadOnlyList<IndexTemplate> NextSchema() =>
    [
        .. StateIndices.Templates(Real.Prefix).Select(template => IndexTemplate.Parse(
            template.Alias,
            template.Json.Replace("\"version\": 1", "\"version\": 2").Replace("\"schema\": 1", "\"schema\": 2")
                .Replace("\"position\":", "\"added_later\": { \"type\": \"keyword\" }, \"position\":"))),
    ];

    /// <summary>What an Elasticsearch without any index answers.</summary>
    private static FakeAnswer Answer(FakeRequest request) => request.Uri.AbsolutePath switch
    {
        "/" => new FakeAnswer(200, """{"version":{"number":"9.1.0"}}"""),
        var path when path.EndsWith("/_mapping", StringComparison.Ordinal) => FakeAnswer.Error(404, "index_not_found_exception"),
        var path when path.EndsWith("/_mget", StringComparison.Ordinal) => new FakeAnswer(200, """{"docs":[{"_id":"x","found":false}]}"""),
        var path when path.EndsWith("/_bulk", StringComparison.Ordinal) => new FakeAnswer(200, """{"errors":false}"""),
        _ => new FakeAnswer(200, """{"_seq_no":1,"_primary_term":1}"""),
    };

    /// <summary>Writes one field.</summary>
    private sealed class Titles(string field) : IStateDescriber
    {
        public void Describe(ActorState state, Utf8JsonWriter json) => json.WriteString(field, "a title");
    }
}
