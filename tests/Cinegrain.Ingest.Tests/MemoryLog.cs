using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest.Tests;

/// <summary>A log in memory that keeps every append, and can be away.</summary>
internal sealed class MemoryLog : ILog
{
    private const int Partitions = 4;
    private readonly Dictionary<(string, int), List<LogEntry>> _records = [];

    public List<LogEntry> Appended { get; } = [];

    public int Calls { get; private set; }

    public bool Away { get; set; }

    public string Identity => "memory";

    public int PartitionCount(string topic) => Partitions;

    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        if (Away)
        {
            throw new UnavailableException("away", TimeSpan.FromSeconds(1));
        }

        Calls++;
        var positions = new LogPosition[entries.Count];
        for (var i = 0; i < positions.Length; i++)
        {
            var partition = Partitioner.Partition(entries[i].Key, Partitions);
            if (!_records.TryGetValue((entries[i].Topic, partition), out var records))
            {
                _records.Add((entries[i].Topic, partition), records = []);
            }

            positions[i] = new LogPosition(partition, records.Count);
            records.Add(entries[i]);
            Appended.Add(entries[i]);
        }

        return Task.FromResult(positions);
    }

    public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public long End(string topic, int partition) => _records.TryGetValue((topic, partition), out var records) ? records.Count : 0;
}
