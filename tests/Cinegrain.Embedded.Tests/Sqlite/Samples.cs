using System.Text;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Tests.Sqlite;

/// <summary>Records and small helpers that the tests of the log share.</summary>
internal static class Samples
{
    public static readonly CancellationToken None = CancellationToken.None;

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Value.Span);

    public static LogEntry Interaction(string key, string value) => new(Topics.Interactions, key, Bytes(value));

    public static SqliteLogOptions OnePartition => new()
    {
        Partitions = new Dictionary<string, int> { [Topics.Interactions] = 1, [Topics.Signals] = 1 },
        SegmentRecords = 10,
    };

    public static Task<LogPosition[]> AppendAsync(this SqliteLog log, params LogEntry[] entries) => log.AppendAsync(entries, None);

    /// <summary>What a partition holds now, without waiting.</summary>
    public static async Task<List<LogRecord>> ReadAllAsync(this SqliteLog log, string topic, int partition)
    {
        var all = new List<LogRecord>();
        var offset = 0L;
        while (offset < log.End(topic, partition))
        {
            var end = log.End(topic, partition);
            var records = await log.ReadAsync(topic, partition, offset, 1_000, None);
            all.AddRange(records);
            offset = records.Count > 0 ? records[^1].Offset + 1 : end;
        }

        return all;
    }

    /// <summary>Changes bytes of a file.</summary>
    public static void Overwrite(string file, long position, ReadOnlySpan<byte> bytes)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write);
        stream.Position = position;
        stream.Write(bytes);
    }

    /// <summary>Cuts a file.</summary>
    public static void Truncate(string file, long length)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write);
        stream.SetLength(length);
    }
}
