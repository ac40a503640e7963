using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Elasticsearch.Tests.Support;

/// <summary>A log in memory with one partition of each topic; a read at the end waits.</summary>
internal sealed class MemoryLog : ILog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<LogRecord>> _topics = [];
    private TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Identity => "memory";

    public DateTimeOffset Arrival { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public int PartitionCount(string topic) => 1;

    public long Append(UserRecord record) => Append(
        new LogEntry(Topics.Interactions, record.User, JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.UserRecord)));

    public long Append(LogEntry entry)
    {
        TaskCompletionSource appended;
        long offset;
        lock (_gate)
        {
            var records = Records(entry.Topic);
            offset = records.Count;
            records.Add(new LogRecord(offset, entry.Key, entry.Value, Arrival.ToUnixTimeMilliseconds()));
            appended = _appended;
            _appended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        appended.SetResult();
        return offset;
    }

    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) =>
        Task.FromResult(entries.Select(entry => new LogPosition(0, Append(entry))).ToArray());

    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task appended;
            lock (_gate)
            {
                var records = Records(topic);
                if (offset < records.Count)
                {
                    return [.. records.Skip((int)offset).Take(maximum)];
                }

                appended = _appended.Task;
            }

            await appended.WaitAsync(cancellationToken);
        }
    }

    public long End(string topic, int partition)
    {
        lock (_gate)
        {
            return Records(topic).Count;
        }
    }

    private List<LogRecord> Records(string topic) => _topics.TryGetValue(topic, out var records) ? records : _topics[topic] = [];
}
