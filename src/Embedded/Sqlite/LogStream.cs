using System.Collections.Immutable;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>A run of offsets of one partition, in a table of its own.</summary>
/// <param name="First">Its first offset; it ends where the next segment begins.</param>
/// <param name="Table">Name of its table.</param>
internal sealed record LogSegment(long First, string Table)
{
    public string InsertSql { get; } = $"INSERT INTO {Table} (offset, arrived, key, value) VALUES (?1, ?2, ?3, ?4)";

    /// <summary>Erased records have a negative time of arrival.</summary>
    public string ReadSql { get; } =
        $"SELECT offset, arrived, key, value FROM {Table} WHERE offset >= ?1 AND offset < ?2 AND arrived > 0 ORDER BY offset LIMIT ?3";

    public string KeySql { get; } =
        $"SELECT offset, arrived, key, value FROM {Table} WHERE offset >= ?1 AND offset < ?2 AND key = ?3 AND arrived > 0 ORDER BY offset";

    public string MentionSql { get; } =
        $"SELECT offset FROM {Table} WHERE offset >= ?1 AND offset < ?2 AND arrived > 0 AND (key = ?3 OR instr(value, ?3) > 0) ORDER BY offset";

    public string HeadSql { get; } =
        $"SELECT offset, arrived, key, length(value) FROM {Table} WHERE offset >= ?1 AND offset < ?2 AND arrived > 0 ORDER BY offset";

    /// <summary>Every column keeps its size, so SQLite overwrites the row where it stands.</summary>
    public string EraseSql { get; } =
        $"UPDATE {Table} SET arrived = -arrived, key = zeroblob(length(key)), value = zeroblob(length(value)) WHERE offset = ?1 AND arrived > 0";

    public string DeleteSql { get; } = $"DELETE FROM {Table} WHERE offset = ?1";

    public IEnumerable<string> WriterSql => [InsertSql, EraseSql, DeleteSql];
}

/// <summary>One partition of one topic. What is not marked otherwise belongs to the writer thread.</summary>
internal sealed class LogStream(int id, string topic, int partition)
{
    private long _end;
    private ImmutableArray<LogSegment> _segments = [];
    private TaskCompletionSource? _appended;

    public int Id => id;

    public string Topic => topic;

    public int Partition => partition;

    /// <summary>Offset that the next record gets, the records of the open transaction counted.</summary>
    public long Next { get; set; }

    /// <summary>Records of the last segment.</summary>
    public int OpenRecords { get; set; }

    /// <summary>Bytes of the last segment.</summary>
    public long OpenBytes { get; set; }

    /// <summary>What <see cref="OpenRecords"/> was before the open transaction.</summary>
    public int CommittedRecords { get; set; }

    /// <summary>What <see cref="OpenBytes"/> was before the open transaction.</summary>
    public long CommittedBytes { get; set; }

    /// <summary>The segments with those of the open transaction, in order; never empty once the log is open.</summary>
    public ImmutableArray<LogSegment> Pending { get; set; } = [];

    /// <summary>True when the open transaction changes the stream.</summary>
    public bool IsTouched { get; set; }

    /// <summary>Every thread: everything durable is below it.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Every thread: the segments.</summary>
    public ImmutableArray<LogSegment> Segments => ImmutableInterlocked.InterlockedCompareExchange(ref _segments, default, default);

    /// <summary>Every thread: completes after the next append. Take it before looking at <see cref="End"/>.</summary>
    public Task NextAppend()
    {
        var current = Volatile.Read(ref _appended);
        while (current is null)
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            current = Interlocked.CompareExchange(ref _appended, fresh, null) is null ? fresh : Volatile.Read(ref _appended);
        }

        return current.Task;
    }

    /// <summary>Shows readers the state of the committed transaction, and wakes those that wait.</summary>
    public void Publish()
    {
        ImmutableInterlocked.InterlockedExchange(ref _segments, Pending);
        var grew = Next > _end;
        Volatile.Write(ref _end, Next);
        IsTouched = false;
        if (grew)
        {
            Interlocked.Exchange(ref _appended, null)?.SetResult();
        }
    }

    /// <summary>Wakes those that wait because the log closes.</summary>
    public void Close(Exception reason)
    {
        var appended = NextAppendSource();
        appended.TrySetException(reason);
        _ = appended.Task.Exception;
    }

    private TaskCompletionSource NextAppendSource()
    {
        _ = NextAppend();
        return Volatile.Read(ref _appended)!;
    }
}
