using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Hosting;

/// <summary>The log as the engine sees it: what it erases of a user loses its documents first, so that a crash in between repeats both.</summary>
internal sealed class DocumentErasingLog(IErasableLog log, InteractionDocuments documents) : IErasableLog
{
    public string Identity => log.Identity;

    public bool ErasesAtOnce => log.ErasesAtOnce;

    public int PartitionCount(string topic) => log.PartitionCount(topic);

    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) => log.AppendAsync(entries, cancellationToken);

    public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken) =>
        log.ReadAsync(topic, partition, offset, maximum, cancellationToken);

    public long End(string topic, int partition) => log.End(topic, partition);

    public IAsyncEnumerable<LogRecord> ReadKeyAsync(string topic, int partition, string key, CancellationToken cancellationToken) =>
        log.ReadKeyAsync(topic, partition, key, cancellationToken);

    public async Task<LogErasure> EraseUserAsync(string pseudonym, long upToOffset, CancellationToken cancellationToken)
    {
        await documents.EraseAsync(pseudonym, Partitioner.Partition(pseudonym, log.PartitionCount(Topics.Interactions)), upToOffset, cancellationToken);
        return await log.EraseUserAsync(pseudonym, upToOffset, cancellationToken);
    }
}
