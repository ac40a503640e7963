using System.Collections.Immutable;
using System.Text;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>
/// The log in one SQLite file. One thread writes, in transactions shared by all who append (group commit); readers have connections of
/// their own and wait for a signal, not for a clock.
/// </summary>
/// <remarks>
/// Each partition is a row of segments, each a table of its own with the offset as its rowid. A segment is only appended to, its records are
/// erased by overwriting them where they stand, and retention drops it whole. So SQLite never moves a record that is to stay between pages: its
/// <c>secure_delete</c> does not clear the copies that such moves leave in the unused part of a page.
/// </remarks>
public sealed partial class SqliteLog : IErasableLog, IAsyncDisposable
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "log.db";

    private const int SchemaVersion = 1;
    private const int PageSize = 8192;
    private const int WalBytes = 16 * 1024 * 1024;
    private const int CacheBytes = 16 * 1024 * 1024;

    private readonly SqliteLogOptions _options;
    private readonly TimeProvider _time;
    private readonly Database _database;
    private readonly ReaderPool _readers;
    private readonly WriterThread _writer;
    private readonly Dictionary<string, LogStream[]> _topics;
    private readonly LogStream[] _streams;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _maintenance = new(1, 1);
    private int _disposed;

    private SqliteLog(Database database, string identity, LogStream[] streams, SqliteLogOptions options, TimeProvider time)
    {
        _database = database;
        _options = options;
        _time = time;
        _streams = streams;
        _topics = streams.GroupBy(stream => stream.Topic).ToDictionary(group => group.Key, group => group.OrderBy(stream => stream.Partition).ToArray());
        Identity = identity;
        _readers = new ReaderPool(database.File);
        _writer = new WriterThread(database, new Group(this), new QueueBounds(options.QueuedRecords, options.QueuedBytes), "log");
    }

    /// <inheritdoc/>
    public string Identity { get; }

    /// <summary>Opens the log of a data folder, and makes it when there is none.</summary>
    /// <param name="dataFolder">An existing folder; see <see cref="DataFolder"/>, which keeps other processes out.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Clock for the times of arrival.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the log has another number of partitions.</exception>
    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    /// <exception cref="DataFolderException">The file is of a newer version, or cannot be written.</exception>
    public static SqliteLog Open(string dataFolder, SqliteLogOptions options, TimeProvider time)
    {
        options.Validate();
        var file = Path.Combine(dataFolder, FileName);
        var database = Database.OpenWriter(file, PageSize, CacheBytes, WalBytes);
        try
        {
            var version = Schema.Check(database, SchemaVersion);
            if (version == 0)
            {
                Create(database, options);
            }

            var identity = database.Query("SELECT value FROM meta WHERE name = 'identity'", row => row.Text(0))
                ?? throw SqliteFailure.Damaged(file, "its identity is missing");
            FinishDrops(database);
            var streams = LoadStreams(database);
            foreach (var topic in SqliteLogOptions.DefaultPartitions.Keys)
            {
                var stored = streams.Count(stream => stream.Topic == topic);
                if (stored == 0)
                {
                    throw SqliteFailure.Damaged(file, $"the partitions of topic {topic} are missing");
                }

                if (options.Partitions.TryGetValue(topic, out var wanted) && wanted != stored)
                {
                    throw new ArgumentException(
                        $"topic {topic} of {file} has {stored} partitions, which is fixed; it cannot be opened with {wanted}. " +
                        $"Leave the number out, set it to {stored}, or start a new data folder and import again.");
                }
            }

            return new SqliteLog(database, identity, streams, options, time);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int PartitionCount(string topic) => StreamsOf(topic).Length;

    /// <summary>Offset that the records still kept of a partition are at or above: what was below has expired.</summary>
    public long First(string topic, int partition) => StreamOf(topic, partition) is var stream && stream.Segments is [var oldest, ..] ? oldest.First : stream.End;

    /// <inheritdoc/>
    public long End(string topic, int partition) => StreamOf(topic, partition).End;

    /// <inheritdoc/>
    /// <remarks>
    /// The values must not change until the task completes. A cancelled task has written nothing. When a transaction fails, only the appends in
    /// it fail: one queued behind them may still succeed.
    /// </remarks>
    public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<LogPosition[]>(cancellationToken);
        }

        if (entries.Count == 0)
        {
            return Task.FromResult(Array.Empty<LogPosition>());
        }

        var streams = new LogStream[entries.Count];
        var bytes = 0L;
        for (var i = 0; i < streams.Length; i++)
        {
            var entry = entries[i];
            var partitions = StreamsOf(entry.Topic);
            streams[i] = partitions[partitions.Length == 1 ? 0 : Partitioner.Partition(entry.Key, partitions.Length)];
            bytes += SizeOf(entry);
        }

        return _writer.EnqueueAsync(new AppendRequest(this, entries, streams, bytes) { Cancellation = cancellationToken });
    }

    /// <inheritdoc/>
    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(
        string topic, int partition, long offset, int maximum, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        var stream = StreamOf(topic, partition);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            var appended = stream.NextAppend();
            var end = stream.End;
            if (offset < end)
            {
                return Read(stream, offset, end, maximum);
            }

            await appended.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Writes what waits, then closes. Reads that wait end with <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _writer.DisposeAsync();
        await _closing.CancelAsync();
        foreach (var stream in _streams)
        {
            stream.Close(new ObjectDisposedException(nameof(SqliteLog)));
        }

        _readers.Dispose();
        _database.Dispose();
        _closing.Dispose();
        _maintenance.Dispose();
    }

    /// <summary>Runs work by itself on the writer thread, so that tests can limit or hold up the writer.</summary>
    internal Task<T> OnWriterAsync<T>(Func<Database, T> work) => _writer.EnqueueAsync(() => work(_database), alone: true, CancellationToken.None);

    private static int SizeOf(in LogEntry entry) => entry.Value.Length + entry.Key.Length + 24;

    private static void Create(Database database, SqliteLogOptions options)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
        database.Execute("CREATE TABLE stream (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, UNIQUE (topic, partition))");
        database.Execute("CREATE TABLE segment (stream INTEGER NOT NULL, first INTEGER NOT NULL, dropping INTEGER NOT NULL, PRIMARY KEY (stream, first)) WITHOUT ROWID");
        database.Prepare("INSERT INTO meta VALUES ('identity', ?1)").Bind(1, Guid.NewGuid().ToString()).Run();
        var id = 0;
        foreach (var (topic, usual) in SqliteLogOptions.DefaultPartitions)
        {
            var count = options.Partitions.TryGetValue(topic, out var wanted) ? wanted : usual;
            for (var partition = 0; partition < count; partition++)
            {
                database.Prepare("INSERT INTO stream VALUES (?1, ?2, ?3)").Bind(1, ++id).Bind(2, topic).Bind(3, partition).Run();
                CreateSegment(database, id, 0);
            }
        }

        database.Execute($"PRAGMA user_version={SchemaVersion}");
        database.Execute("COMMIT");
    }

    /// <summary>Finishes what a crash or a full disk interrupted.</summary>
    private static void FinishDrops(Database database)
    {
        bool more;
        do
        {
            database.Execute("BEGIN IMMEDIATE");
            more = DropStep(database);
            database.Execute("COMMIT");
        }
        while (more);
    }

    private static LogSegment CreateSegment(Database database, int stream, long first)
    {
        var segment = SegmentOf(stream, first);
        database.Execute($"CREATE TABLE {segment.Table} (offset INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL)");
        database.Prepare("INSERT INTO segment VALUES (?1, ?2, 0)").Bind(1, stream).Bind(2, first).Run();
        return segment;
    }

    private static LogSegment SegmentOf(int stream, long first) => new(first, $"records_{stream}_{first}");

    private static LogStream[] LoadStreams(Database database)
    {
        var streams = new List<LogStream>();
        var read = database.Prepare("SELECT id, topic, partition FROM stream ORDER BY id");
        while (read.Step())
        {
            streams.Add(new LogStream(read.Int32(0), read.Text(1), read.Int32(2)));
        }

        foreach (var stream in streams)
        {
            var segments = ImmutableArray.CreateBuilder<LogSegment>();
            read = database.Prepare("SELECT first FROM segment WHERE stream = ?1 ORDER BY first").Bind(1, stream.Id);
            while (read.Step())
            {
                segments.Add(SegmentOf(stream.Id, read.Int64(0)));
            }

            if (segments.Count == 0)
            {
                throw SqliteFailure.Damaged(database.File, $"a partition of topic {stream.Topic} has no segment");
            }

            // The last segment outlives its records, so its first offset is the least the next record can get.
            var last = segments[^1];
            stream.Next = Math.Max(last.First, database.Query($"SELECT max(offset) + 1 FROM {last.Table}", row => row.Int64(0)));
            stream.OpenRecords = (int)(stream.Next - last.First);
            stream.OpenBytes = database.Query($"SELECT total(length(value) + length(key) + 24) FROM {last.Table}", row => row.Int64(0));
            stream.Pending = segments.ToImmutable();
            stream.Publish();
        }

        return [.. streams];
    }

    private static LogRecord ReadRecord(Statement row) =>
        new(row.Int64(0), Encoding.UTF8.GetString(row.Bytes(2)), row.Bytes(3).ToArray(), row.Int64(1));

    private LogStream[] StreamsOf(string topic) => _topics.TryGetValue(topic, out var streams)
        ? streams
        : throw new ArgumentException($"there is no topic {topic}; the topics are {string.Join(", ", _topics.Keys)}", nameof(topic));

    private LogStream StreamOf(string topic, int partition)
    {
        var streams = StreamsOf(topic);
        return partition >= 0 && partition < streams.Length
            ? streams[partition]
            : throw new ArgumentOutOfRangeException(nameof(partition), partition, $"topic {topic} has partitions 0 to {streams.Length - 1}");
    }

    private List<LogRecord> Read(LogStream stream, long offset, long end, int maximum)
    {
        var segments = stream.Segments;
        var records = new List<LogRecord>((int)Math.Min(maximum, Math.Max(1, end - offset)));
        for (var i = IndexOf(segments, offset); i < segments.Length && segments[i].First < end; i++)
        {
            var rest = maximum - records.Count;
            if (rest == 0)
            {
                break;
            }

            ReadSegment(stream, segments[i], (segments[i].ReadSql, offset, end, rest, records), static (database, read) =>
            {
                var statement = database.Prepare(read.ReadSql).Bind(1, read.offset).Bind(2, read.end).Bind(3, read.rest);
                while (statement.Step())
                {
                    read.records.Add(ReadRecord(statement));
                }

                return true;
            });
        }

        return records;
    }

    /// <summary>Index of the segment that holds an offset, or the first one.</summary>
    private static int IndexOf(ImmutableArray<LogSegment> segments, long offset)
    {
        var low = 0;
        var high = segments.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = segments[middle].First <= offset ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private sealed class Group(SqliteLog log) : IWriteGroup
    {
        public void Committed()
        {
            // Each segment has its own.
            log._database.TrimStatements();
            foreach (var stream in log._streams)
            {
                if (stream.IsTouched)
                {
                    stream.Publish();
                }
            }
        }

        public void RolledBack()
        {
            foreach (var stream in log._streams)
            {
                if (stream.IsTouched)
                {
                    log.Restore(stream);
                }
            }
        }
    }

    /// <summary>Begins to change a stream, and opens the next segment when the last is full.</summary>
    private void Touch(LogStream stream)
    {
        if (stream.IsTouched)
        {
            return;
        }

        stream.IsTouched = true;
        stream.CommittedRecords = stream.OpenRecords;
        stream.CommittedBytes = stream.OpenBytes;
        if (stream.OpenRecords >= _options.SegmentRecords || stream.OpenBytes >= _options.SegmentBytes)
        {
            Roll(stream);
        }
    }

    private void Roll(LogStream stream)
    {
        stream.Pending = stream.Pending.Add(CreateSegment(_database, stream.Id, stream.Next));
        stream.OpenRecords = 0;
        stream.OpenBytes = 0;
    }

    private void Restore(LogStream stream)
    {
        var committed = stream.Segments;
        foreach (var sql in stream.Pending.Except(committed).SelectMany(segment => segment.WriterSql))
        {
            _database.Forget(sql);
        }

        stream.Pending = committed;
        stream.Next = stream.End;
        stream.OpenRecords = stream.CommittedRecords;
        stream.OpenBytes = stream.CommittedBytes;
        stream.IsTouched = false;
    }

    private sealed class AppendRequest(SqliteLog log, IReadOnlyList<LogEntry> entries, LogStream[] streams, long bytes) : WriteRequest<LogPosition[]>
    {
        public override int Records => streams.Length;

        public override long Bytes => bytes;

        public override void Apply()
        {
            var positions = new LogPosition[streams.Length];
            var arrived = log._time.GetUtcNow().ToUnixTimeMilliseconds();
            LogStream? stream = null;
            Statement? insert = null;
            for (var i = 0; i < streams.Length; i++)
            {
                if (stream != streams[i])
                {
                    stream = streams[i];
                    log.Touch(stream);
                    insert = log._database.Prepare(stream.Pending[^1].InsertSql);
                }

                var entry = entries[i];
                insert!.Bind(1, stream.Next).Bind(2, arrived).BindUtf8(3, entry.Key).Bind(4, entry.Value.Span).Run();
                positions[i] = new LogPosition(stream.Partition, stream.Next);
                stream.Next++;
                stream.OpenRecords++;
                stream.OpenBytes += SizeOf(entry);
            }

            Result = positions;
        }
    }
}
