using System.Collections.Concurrent;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>A log that fails some appends as no retry mends, such as a record that the topic does not take.</summary>
/// <param name="refused">Appends that are still to fail, by topic.</param>
internal sealed class RefusingLog(KafkaLog inner, ConcurrentDictionary<string, int> refused) : IScannableLog, IAsyncDisposable
{
    public string Identity => inner.Identity;

    public int PartitionCount(string topic) => inner.PartitionCount(topic);

    public async Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var topic in entries.Select(entry => entry.Topic).Distinct())
        {
            if (refused.ContainsKey(topic) && refused.AddOrUpdate(topic, 0, static (_, left) => left - 1) >= 0)
            {
                throw new ArgumentException("refused");
            }
        }

        return await inner.AppendAsync(entries, cancellationToken);
    }

    public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken) =>
        inner.ReadAsync(topic, partition, offset, maximum, cancellationToken);

    public long End(string topic, int partition) => inner.End(topic, partition);

    public IAsyncEnumerable<LogRecord> ScanAsync(string topic, int partition, long from, long until, CancellationToken cancellationToken) =>
        inner.ScanAsync(topic, partition, from, until, cancellationToken);

    public Task<long> AskEndAsync(string topic, int partition, CancellationToken cancellationToken) => inner.AskEndAsync(topic, partition, cancellationToken);

    public Task EraseUserAsync(string pseudonym, long below, CancellationToken cancellationToken) => inner.EraseUserAsync(pseudonym, below, cancellationToken);

    public bool IsErased(int partition, string pseudonym, long offset) => inner.IsErased(partition, pseudonym, offset);

    public void TakeErasure(LogRecord record) => inner.TakeErasure(record);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
