using Cinegrain.Elasticsearch.Tests.Support;

namespace Cinegrain.Elasticsearch.Tests.Bulk;

public sealed class BulkWriterTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task WriteAsync_NoErrors_IsOneRequest()
    {
        using var nodes = new FakeNodes(_ => new FakeAnswer(200, """{"errors":false,"items":[{"index":{"status":201}}]}"""));

        Assert.Empty(await WriteAsync(nodes, "a", "b"));

        var request = Assert.Single(nodes.Requests);
        Assert.Equal(["a", "b"], request.BulkIds);
        Assert.Equal(4, request.Body.Count(c => c == '\n'));
    }

    [Fact]
    public async Task WriteAsync_SomeDocumentsAreThrottled_ThoseAloneAreSentAgain()
    {
        var round = 0;
        using var nodes = new FakeNodes(request => FakeAnswer.Bulk(round++ switch
        {
            0 => [(201, ""), (429, "es_rejected_execution_exception"), (201, ""), (503, "unavailable_shards_exception")],
            1 => [(429, "es_rejected_execution_exception"), (201, "")],
            _ => [(201, "")],
        }));

        Assert.Empty(await WriteAsync(nodes, "a", "b", "c", "d"));

        Assert.Equal(["a b c d", "b d", "b"], nodes.Requests.Select(request => string.Join(' ', request.BulkIds)));
    }

    [Fact]
    public async Task WriteAsync_ThrottledToTheEnd_ThrowsWhatPasses()
    {
        using var nodes = new FakeNodes(_ => FakeAnswer.Error(429, "circuit_breaking_exception"));

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => WriteAsync(nodes, "a"));

        Assert.Equal(ElasticsearchFailure.Throttled, failure.Failure);
        Assert.True(failure.IsPassing);
        Assert.Equal(3, nodes.Requests.Count);
    }

    [Fact]
    public async Task WriteAsync_DocumentsDoNotFit_AreNamedByTheirPlaceAndOthersWritten()
    {
        var round = 0;
        using var nodes = new FakeNodes(_ => FakeAnswer.Bulk(round++ switch
        {
            0 => [(429, "es_rejected_execution_exception"), (400, "strict_dynamic_mapping_exception"), (429, "es_rejected_execution_exception"), (409, "version_conflict_engine_exception")],
            _ => [(201, ""), (400, "document_parsing_exception")],
        }));

        var rejected = await WriteAsync(nodes, "a", "b", "c", "d");

        Assert.Equal([(1, ElasticsearchFailure.Mapping), (2, ElasticsearchFailure.Mapping)], rejected.Select(failure => (failure.Item, failure.Failure)));
        Assert.Equal(2, nodes.Requests.Count);
    }

    [Theory]
    [InlineData(403, "cluster_block_exception", ElasticsearchFailure.ReadOnly)]
    [InlineData(429, "cluster_block_exception", ElasticsearchFailure.ReadOnly)]
    [InlineData(403, "security_exception", ElasticsearchFailure.Denied)]
    [InlineData(404, "index_not_found_exception", ElasticsearchFailure.Missing)]
    public async Task WriteAsync_NothingCanBeWrittenThere_ThrowsWhyAtOnce(int status, string type, ElasticsearchFailure expected)
    {
        using var nodes = new FakeNodes(_ => FakeAnswer.Bulk([(201, ""), (status, type)]));

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => WriteAsync(nodes, "a", "b"));

        Assert.Equal((expected, type), (failure.Failure, failure.Type));
        Assert.False(failure.IsPassing);
        Assert.Single(nodes.Requests);
    }

    [Fact]
    public async Task WriteAsync_RequestIsTooLarge_IsSentInParts()
    {
        using var nodes = new FakeNodes(request => request.BulkIds.Count > 2 || request.BulkIds.Contains("huge")
            ? new FakeAnswer(413, "")
            : FakeAnswer.Bulk(request.BulkIds.Select(_ => (201, ""))));

        var rejected = await WriteAsync(nodes, "a", "b", "c", "huge", "e", "f", "g");

        Assert.Equal((3, ElasticsearchFailure.TooLarge), (Assert.Single(rejected).Item, rejected[0].Failure));
        Assert.Equal(
            ["a", "b", "c", "e", "f", "g"],
            nodes.Requests.Where(request => request.BulkIds.Count <= 2 && !request.BulkIds.Contains("huge")).SelectMany(request => request.BulkIds).Order());
    }

    [Fact]
    public async Task WriteAsync_NodeComesBack_IsSentAgain()
    {
        var round = 0;
        using var nodes = new FakeNodes(_ => round++ < 2 ? new FakeAnswer(0) : new FakeAnswer(200, """{"errors":false}"""));

        Assert.Empty(await WriteAsync(nodes, "a"));

        Assert.Equal(3, nodes.Requests.Count);
    }

    private static async Task<IReadOnlyList<BulkFailure>> WriteAsync(FakeNodes nodes, params string[] ids)
    {
        using var client = nodes.Client(attempts: 3);
        using var writer = new BulkWriter(client);
        using var batch = new BulkBatch();
        foreach (var id in ids)
        {
            var json = batch.Begin("index", id, version: 7);
            json.WriteStartObject();
            json.WriteString("field", id);
            json.WriteEndObject();
            batch.End();
        }

        return await writer.WriteAsync(batch, None);
    }
}
