using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>What retention removed from the log.</summary>
/// <param name="Segments">Segments that were dropped whole.</param>
/// <param name="Records">Records of compacted topics that newer ones replace, and old tombstones.</param>
public readonly record struct LogTrim(int Segments, int Records);

public sealed partial class SqliteLog
{
    /// <summary>Offsets that one step of a scan covers: a few milliseconds, after which the read transaction ends.</summary>
    private const int ScanStep = 8_192;

    /// <summary>Records changed in one step of an erasure or a compaction, so that appends get their turn.</summary>
    private const int ChangeStep = 512;

    /// <summary>Records deleted in one step of dropping a segment: a page or two hundred.</summary>
    private const int DroppedRecords = 2_048;

    /// <summary>A segment is closed when its first record has this share of the retention behind it; records outlive retention by no more.</summary>
    private const int SegmentShare = 10;

    /// <inheritdoc/>
    /// <remarks>A record of refused input goes when its value has the pseudonym's bytes in it.</remarks>
    public async Task<LogErasure> EraseUserAsync(string pseudonym, long upToOffset, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(pseudonym);
        var own = StreamOf(Topics.Interactions, Partitioner.Partition(pseudonym, PartitionCount(Topics.Interactions)));
        var bytes = Encoding.UTF8.GetBytes(pseudonym);
        await _maintenance.WaitAsync(cancellationToken);
        try
        {
            await FinishDropsAsync();
            var interactions = await EraseAsync(own, upToOffset, segment => segment.KeySql, bytes, cancellationToken);
            var rejected = 0;
            foreach (var stream in StreamsOf(Topics.Rejected))
            {
                rejected += await EraseAsync(stream, stream.End, segment => segment.MentionSql, bytes, cancellationToken);
            }

            // The overwritten bytes may still stand in the WAL.
            await _writer.EnqueueAsync(
                () =>
                {
                    _database.TruncateWal();
                    return true;
                },
                alone: true,
                cancellationToken);
            return new LogErasure(interactions, rejected);
        }
        finally
        {
            _maintenance.Release();
        }
    }

    /// <inheritdoc/>
    /// <remarks>Reads the partition through, in short steps that hold nobody up.</remarks>
    public async IAsyncEnumerable<LogRecord> ReadKeyAsync(
        string topic, int partition, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = StreamOf(topic, partition);
        await foreach (var (_, found) in ScanAsync(
            stream, stream.End, segment => segment.KeySql, Encoding.UTF8.GetBytes(key), ReadRecord, cancellationToken))
        {
            foreach (var record in found)
            {
                yield return record;
            }
        }
    }

    /// <summary>
    /// Retention: drops segments whose records are all older than their topic's retention, and keeps the last record of each key in compacted
    /// topics. Works in steps between which appends get their turn.
    /// </summary>
    /// <param name="now">The time that ages are counted to.</param>
    /// <param name="keepFrom">The least offset of a topic and partition that is still needed, such as its checkpoint's; nothing at or above it goes.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public async Task<LogTrim> TrimAsync(DateTimeOffset now, Func<string, int, long> keepFrom, CancellationToken cancellationToken)
    {
        // One at a time with erasure: records of a segment that is being dropped move between its pages until it is gone.
        await _maintenance.WaitAsync(cancellationToken);
        try
        {
            await FinishDropsAsync();
            var segments = 0;
            var records = 0;
            foreach (var stream in _streams)
            {
                var keep = keepFrom(stream.Topic, stream.Partition);
                var retention = _options.RetentionOf(stream.Topic);
                if (retention is null)
                {
                    records += await CompactAsync(stream, now - _options.TombstoneRetention, keep, cancellationToken);
                }
                else
                {
                    var old = (now - (retention.Value / SegmentShare)).ToUnixTimeMilliseconds();
                    await _writer.EnqueueAsync(() => RollWhenOld(stream, old), alone: false, cancellationToken);
                }

                var before = retention is null ? long.MinValue : (now - retention.Value).ToUnixTimeMilliseconds();
                while (await _writer.EnqueueAsync(() => TakeOut(stream, before, keep), alone: false, cancellationToken))
                {
                    segments++;
                    await FinishDropsAsync();
                }
            }

            return new LogTrim(segments, records);
        }
        finally
        {
            _maintenance.Release();
        }
    }

    private async Task FinishDropsAsync()
    {
        while (await _writer.EnqueueAsync(() => DropStep(_database), alone: false, CancellationToken.None))
        {
        }
    }

    /// <summary>
    /// Deletes some records of a segment that was taken out of sight, and its table with the last of them; false when there is none. A page
    /// that becomes free is cleared as a whole, so nothing is left of it.
    /// </summary>
    private static bool DropStep(Database database)
    {
        var next = database.Query("SELECT stream, first FROM segment WHERE dropping LIMIT 1", row => (Stream: row.Int32(0), First: row.Int64(1)));
        if (next.Stream == 0)
        {
            return false;
        }

        var table = SegmentOf(next.Stream, next.First).Table;
        var bound = database.Query($"SELECT offset FROM {table} ORDER BY offset LIMIT 1 OFFSET {DroppedRecords}", row => (long?)row.Int64(0));
        if (bound is not null)
        {
            database.Execute($"DELETE FROM {table} WHERE offset < {bound}");
        }
        else
        {
            database.Execute($"DROP TABLE {table}");
            database.Prepare("DELETE FROM segment WHERE stream = ?1 AND first = ?2").Bind(1, next.Stream).Bind(2, next.First).Run();
        }

        return true;
    }

    private bool RollWhenOld(LogStream stream, long before)
    {
        var open = stream.Pending[^1];
        var first = _database.Query($"SELECT abs(arrived) FROM {open.Table} ORDER BY offset LIMIT 1", row => (long?)row.Int64(0));
        if (first >= before || first is null)
        {
            return false;
        }

        Touch(stream);
        if (stream.Pending[^1] == open)
        {
            Roll(stream);
        }

        return true;
    }

    /// <summary>Takes the first closed segment that is empty or whose last record arrived before a time out of sight.</summary>
    private bool TakeOut(LogStream stream, long before, long keep)
    {
        for (var i = 0; i < stream.Pending.Length - 1 && stream.Pending[i + 1].First <= keep; i++)
        {
            var segment = stream.Pending[i];
            var last = _database.Query($"SELECT abs(arrived) FROM {segment.Table} ORDER BY offset DESC LIMIT 1", row => (long?)row.Int64(0));
            if (last >= before)
            {
                continue;
            }

            Touch(stream);
            foreach (var sql in segment.WriterSql)
            {
                _database.Forget(sql);
            }

            stream.Pending = stream.Pending.Remove(segment);
            _database.Prepare("UPDATE segment SET dropping = 1 WHERE stream = ?1 AND first = ?2").Bind(1, stream.Id).Bind(2, segment.First).Run();
            return true;
        }

        return false;
    }

    private async Task<int> CompactAsync(LogStream stream, DateTimeOffset tombstonesBefore, long keep, CancellationToken cancellationToken)
    {
        // The last record of the partition stays whatever it is: it says where the offsets go on.
        var end = stream.End;
        var before = tombstonesBefore.ToUnixTimeMilliseconds();
        var latest = new Dictionary<string, (LogSegment Segment, long Offset, bool IsOldTombstone)>();
        var surplus = new List<(LogSegment Segment, long Offset)>();
        await foreach (var (segment, heads) in ScanAsync(
            stream,
            end,
            segment => segment.HeadSql,
            null,
            row => (Offset: row.Int64(0), Key: Encoding.UTF8.GetString(row.Bytes(2)), IsOldTombstone: row.Int64(3) == 0 && row.Int64(1) < before),
            cancellationToken))
        {
            foreach (var head in heads)
            {
                if (latest.TryGetValue(head.Key, out var older))
                {
                    surplus.Add((older.Segment, older.Offset));
                }

                latest[head.Key] = (segment, head.Offset, head.IsOldTombstone);
            }
        }

        surplus.AddRange(latest.Values.Where(last => last.IsOldTombstone && last.Offset < end - 1).Select(last => (last.Segment, last.Offset)));
        surplus.RemoveAll(record => record.Offset >= keep);
        await ChangeAsync(stream, surplus, segment => segment.DeleteSql, cancellationToken);
        return surplus.Count;
    }

    private async Task<int> EraseAsync(
        LogStream stream, long end, Func<LogSegment, string> sql, byte[] key, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var (segment, offsets) in ScanAsync(stream, Math.Min(end, stream.End), sql, key, row => row.Int64(0), cancellationToken))
        {
            await ChangeAsync(stream, [.. offsets.Select(offset => (segment, offset))], segment => segment.EraseSql, cancellationToken);
            count += offsets.Count;
        }

        return count;
    }

    private async Task ChangeAsync(
        LogStream stream, List<(LogSegment Segment, long Offset)> records, Func<LogSegment, string> sql, CancellationToken cancellationToken)
    {
        foreach (var step in records.Chunk(ChangeStep))
        {
            await _writer.EnqueueAsync(
                () =>
                {
                    foreach (var (segment, offset) in step)
                    {
                        // Retention may have dropped it meanwhile.
                        if (stream.Pending.Contains(segment))
                        {
                            _database.Prepare(sql(segment)).Bind(1, offset).Run();
                        }
                    }

                    return true;
                },
                alone: false,
                cancellationToken);
        }
    }

    /// <summary>Reads the records of a partition below an offset that a query selects, step by step; steps that find nothing are left out.</summary>
    private async IAsyncEnumerable<(LogSegment Segment, List<T> Found)> ScanAsync<T>(
        LogStream stream,
        long end,
        Func<LogSegment, string> sql,
        byte[]? key,
        Func<Statement, T> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var segments = stream.Segments;
        for (var i = 0; i < segments.Length && segments[i].First < end; i++)
        {
            var segment = segments[i];
            var next = i + 1 < segments.Length ? Math.Min(end, segments[i + 1].First) : end;
            for (var from = segment.First; from < next; from += ScanStep)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var found = new List<T>();
                ReadSegment(stream, segment, (Sql: sql(segment), from, To: Math.Min(next, from + ScanStep), key, read, found), static (database, scan) =>
                {
                    var statement = database.Prepare(scan.Sql).Bind(1, scan.from).Bind(2, scan.To);
                    if (scan.key is not null)
                    {
                        statement.Bind(3, scan.key);
                    }

                    while (statement.Step())
                    {
                        scan.found.Add(scan.read(statement));
                    }

                    return true;
                });

                if (found.Count > 0)
                {
                    yield return (segment, found);
                }

                // A long scan gives its thread back between steps.
                await Task.Yield();
            }
        }
    }

    /// <summary>Reads from a segment's table, which retention may drop at any moment: then there is nothing to read.</summary>
    private void ReadSegment<TState>(LogStream stream, LogSegment segment, TState state, Func<Database, TState, bool> read)
    {
        try
        {
            _readers.Read(state, read);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException && !stream.Segments.Contains(segment))
        {
            // No such table any more.
        }
    }
}
