using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>Bounds of <see cref="SqliteStateStore"/>.</summary>
public sealed record SqliteStateStoreOptions
{
    /// <summary>States that may wait to be written; more are refused. Default 500,000.</summary>
    public int QueuedStates { get; init; } = 500_000;

    /// <summary>Bytes that may wait to be written; more are refused. Default 256 MiB.</summary>
    public long QueuedBytes { get; init; } = 256 * 1024 * 1024;
}

/// <summary>An entry of the audit trail: who read, exported or erased what.</summary>
/// <param name="Sequence">Grows with each entry.</param>
/// <param name="At">When it was written, UTC.</param>
/// <param name="Json">The entry.</param>
public readonly record struct AuditEntry(long Sequence, DateTimeOffset At, string Json);

/// <summary>States, checkpoints and the audit trail in one SQLite file.</summary>
/// <remarks>
/// A state stands in a slot of a fixed size, in a table (slab) for that size, and is overwritten there; a state that has outgrown its slot
/// moves to a larger one, and the old slot is filled with zeros for the next. An index leads from the actor to its slot; it knows users
/// by the SHA-256 of their pseudonym. So SQLite never moves a row that holds personal data between pages: its <c>secure_delete</c> does not clear
/// the copies that such moves leave in the unused part of a page. What is left of an erased user is that hash, with a version.
/// </remarks>
public sealed class SqliteStateStore : IStateStore, IAsyncDisposable
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "state.db";

    private const int SchemaVersion = 1;
    private const int PageSize = 8192;
    private const int WalBytes = 64 * 1024 * 1024;
    private const int CacheBytes = 32 * 1024 * 1024;
    private const int HeaderBytes = 16;
    private const int ScanStep = 512;

    private const string FindSql = "SELECT size, slot, tombstone FROM actor WHERE kind = ?1 AND key = ?2";
    private const string PlaceSql =
        "INSERT INTO actor (kind, key, size, slot, tombstone) VALUES (?1, ?2, ?3, ?4, ?5) " +
        "ON CONFLICT DO UPDATE SET size = excluded.size, slot = excluded.slot, tombstone = excluded.tombstone";

    private readonly Database _database;
    private readonly ReaderPool _readers;
    private readonly WriterThread _writer;
    private int _disposed;

    private SqliteStateStore(Database database, SqliteStateStoreOptions options)
    {
        _database = database;
        _readers = new ReaderPool(database.File);
        _writer = new WriterThread(database, null, new QueueBounds(options.QueuedStates, options.QueuedBytes), "store");
    }

    /// <summary>Opens the store of a data folder, and makes it when there is none.</summary>
    /// <param name="dataFolder">An existing folder; see <see cref="DataFolder"/>, which keeps other processes out.</param>
    /// <param name="options">Bounds.</param>
    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    /// <exception cref="DataFolderException">The file is of a newer version, or cannot be written.</exception>
    public static SqliteStateStore Open(string dataFolder, SqliteStateStoreOptions options)
    {
        var database = Database.OpenWriter(Path.Combine(dataFolder, FileName), PageSize, CacheBytes, WalBytes);
        try
        {
            if (Schema.Check(database, SchemaVersion) == 0)
            {
                Create(database);
            }

            return new SqliteStateStore(database, options);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken)
    {
        var bound = await _writer.EnqueueAsync(
            () =>
            {
                _database.Prepare("INSERT INTO meta VALUES ('log', ?1) ON CONFLICT DO NOTHING").Bind(1, logIdentity).Run();
                return _database.Query("SELECT value FROM meta WHERE name = 'log'", row => row.Text(0))!;
            },
            alone: false,
            cancellationToken);
        if (bound != logIdentity)
        {
            throw new WrongLogException(
                $"{_database.File} was built from the log {bound}, but the log here is {logIdentity}. Put the files of one backup together, " +
                $"or delete {FileName} to rebuild it from this log.");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    public ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var states = new ActorState?[ids.Count];
        if (ids.Count > 0)
        {
            _readers.Read((kind, ids, states), static (database, load) =>
            {
                // One read transaction: each state is whole, and the lock is taken once.
                database.Prepare("BEGIN").Run();
                for (var i = 0; i < load.states.Length; i++)
                {
                    load.states[i] = Load(database, load.kind, load.ids[i]);
                }

                database.Prepare("COMMIT").Run();
                return true;
            });
        }

        return ValueTask.FromResult<IReadOnlyList<ActorState?>>(states);
    }

    /// <inheritdoc/>
    /// <remarks>An actor that is written during the scan may come twice, with the higher version last.</remarks>
    public async IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // States move to larger slots only, so none is missed when the sizes are read in order.
        var size = 0;
        while (true)
        {
            var next = _readers.Read((kind, size), static (database, from) =>
            {
                var read = database.Prepare("SELECT min(size) FROM slab WHERE kind = ?1 AND size > ?2").Bind(1, (int)from.kind).Bind(2, from.size);
                var found = read.Step() && !read.IsNull(0) ? read.Int32(0) : 0;
                read.Reset();
                return found;
            });
            if (next == 0)
            {
                yield break;
            }

            size = next;
            var slot = 0L;
            while (slot >= 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var states = new List<ActorState>(ScanStep);
                slot = _readers.Read((kind, Slab: Slab.Of(kind, size), slot, states), static (database, scan) =>
                {
                    var last = -1L;
                    var read = database.Prepare(scan.Slab.ScanSql).Bind(1, scan.slot).Bind(2, ScanStep);
                    while (read.Step())
                    {
                        last = read.Int64(0);
                        if (Decode(scan.kind, read.Bytes(1)) is { } state)
                        {
                            scan.states.Add(state);
                        }
                    }

                    return last;
                });
                foreach (var state in states)
                {
                    yield return state;
                }

                await Task.Yield();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_readers.Read((topic, partition), static (database, of) =>
        {
            var read = database.Prepare("SELECT offset, epoch, statistics FROM checkpoint WHERE topic = ?1 AND partition = ?2")
                .Bind(1, of.topic).Bind(2, of.partition);
            if (!read.Step())
            {
                return null;
            }

            var checkpoint = new Checkpoint(of.topic, of.partition, read.Int64(0), read.Int32(1), read.Bytes(2).ToArray());
            read.Reset();
            return checkpoint;
        }));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// One transaction. The bytes must not change until the task completes. With a tombstone, the task completes when no byte of the
    /// state that it replaces, or of a user's pseudonym, is left in the file or its WAL.
    /// </remarks>
    public async ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        await _writer.EnqueueAsync(new StateRequest(this, states, checkpoint) { Cancellation = cancellationToken });
        if (states.Any(state => state.IsTombstone))
        {
            await _writer.EnqueueAsync(
                () =>
                {
                    _database.TruncateWal();
                    return true;
                },
                alone: true,
                CancellationToken.None);
        }
    }

    /// <summary>
    /// Forgets the states and checkpoints, in one transaction, so that the next start of an engine rebuilds them from the log. Tombstones and the
    /// audit trail stay.
    /// </summary>
    /// <param name="cancellationToken">A cancelled task has changed nothing.</param>
    /// <exception cref="UnavailableException">The store cannot be written now.</exception>
    public Task ClearAsync(CancellationToken cancellationToken) =>
        _writer.EnqueueAsync(
            () =>
            {
                var slabs = new List<Slab>();
                var read = _database.Prepare("SELECT kind, size FROM slab");
                while (read.Step())
                {
                    slabs.Add(Slab.Of((ActorKind)read.Int32(0), read.Int32(1)));
                }

                read.Reset();
                foreach (var slab in slabs)
                {
                    _database.Prepare($"DELETE FROM {slab.Table}").Run();
                }

                _database.Prepare("DELETE FROM free").Run();
                _database.Prepare("DELETE FROM actor WHERE tombstone IS NULL").Run();
                _database.Prepare("DELETE FROM checkpoint").Run();
                return true;
            },
            alone: false,
            cancellationToken);

    /// <summary>Adds an entry to the audit trail; completes when it is durable.</summary>
    /// <param name="json">The entry. It outlives what it tells of: name users by a hash, or erasure leaves their pseudonym here.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="cancellationToken">A cancelled task has written nothing.</param>
    /// <exception cref="UnavailableException">The store cannot be written now.</exception>
    public async Task AppendAuditAsync(string json, DateTimeOffset at, CancellationToken cancellationToken) =>
        await _writer.EnqueueAsync(
            () =>
            {
                _database.Prepare("INSERT INTO audit (at, json) VALUES (?1, ?2)").Bind(1, at.ToUnixTimeMilliseconds()).Bind(2, json).Run();
                return true;
            },
            alone: false,
            cancellationToken);

    /// <summary>Entries of the audit trail, newest first.</summary>
    /// <param name="before">Sequence that entries are below; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="maximum">At most so many.</param>
    public IReadOnlyList<AuditEntry> ListAudit(long before, int maximum) => _readers.Read((before, maximum), static (database, of) =>
    {
        var entries = new List<AuditEntry>();
        var read = database.Prepare("SELECT sequence, at, json FROM audit WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2")
            .Bind(1, of.before).Bind(2, of.maximum);
        while (read.Step())
        {
            entries.Add(new AuditEntry(read.Int64(0), DateTimeOffset.FromUnixTimeMilliseconds(read.Int64(1)), read.Text(2)));
        }

        return entries;
    });

    /// <summary>Removes the entries of the audit trail that were written before a time.</summary>
    public async Task TrimAuditAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        await _writer.EnqueueAsync(
            () =>
            {
                _database.Prepare("DELETE FROM audit WHERE at < ?1").Bind(1, before.ToUnixTimeMilliseconds()).Run();
                return true;
            },
            alone: false,
            cancellationToken);

    /// <summary>Writes what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _writer.DisposeAsync();
            _readers.Dispose();
            _database.Dispose();
        }
    }

    /// <summary>Runs work by itself on the writer thread, so that tests can limit or hold up the writer.</summary>
    internal Task<T> OnWriterAsync<T>(Func<Database, T> work) => _writer.EnqueueAsync(() => work(_database), alone: true, CancellationToken.None);

    private static void Create(Database database)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
        database.Execute(
            "CREATE TABLE actor (kind INTEGER NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL, slot INTEGER NOT NULL, tombstone INTEGER, " +
            "PRIMARY KEY (kind, key)) WITHOUT ROWID");
        database.Execute("CREATE TABLE slab (kind INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (kind, size)) WITHOUT ROWID");
        database.Execute(
            "CREATE TABLE free (kind INTEGER NOT NULL, size INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (kind, size, slot)) WITHOUT ROWID");
        database.Execute(
            "CREATE TABLE checkpoint (topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, epoch INTEGER NOT NULL, " +
            "statistics BLOB NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID");
        database.Execute("CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, json TEXT NOT NULL)");
        database.Execute($"PRAGMA user_version={SchemaVersion}");
        database.Execute("COMMIT");
    }

    /// <summary>Size of the slot for so many bytes: eight sizes for each power of two.</summary>
    private static int SlotSize(int bytes)
    {
        if (bytes <= 128)
        {
            return 128;
        }

        var step = (1 << (31 - int.LeadingZeroCount(bytes - 1))) / 8;
        return (bytes + step - 1) / step * step;
    }

    private static byte[] Key(ActorKind kind, string id)
    {
        var utf8 = Encoding.UTF8.GetBytes(id);
        return kind == ActorKind.User ? SHA256.HashData(utf8) : utf8;
    }

    private static ActorState? Load(Database database, ActorKind kind, string id)
    {
        var find = database.Prepare(FindSql).Bind(1, (int)kind).Bind(2, Key(kind, id));
        if (!find.Step())
        {
            return null;
        }

        var (size, slot) = (find.Int32(0), find.Int64(1));
        var tombstone = find.IsNull(2) ? (long?)null : find.Int64(2);
        find.Reset();
        if (tombstone is { } version)
        {
            return new ActorState(kind, id, version, ReadOnlyMemory<byte>.Empty);
        }

        var read = database.Prepare(Slab.Of(kind, size).ReadSql).Bind(1, slot);
        var state = read.Step() ? Decode(kind, read.Bytes(0)) : null;
        read.Reset();
        return state?.Id == id ? state : throw SqliteFailure.Damaged(database.File, "its index and its states do not match");
    }

    private static ActorState? Decode(ActorKind kind, ReadOnlySpan<byte> content)
    {
        if (content.Length < HeaderBytes)
        {
            return null;
        }

        var id = BinaryPrimitives.ReadInt32LittleEndian(content[8..]);
        var state = BinaryPrimitives.ReadInt32LittleEndian(content[12..]);
        if (state <= 0 || id < 0 || (long)HeaderBytes + id + state > content.Length)
        {
            return null;
        }

        return new ActorState(
            kind,
            Encoding.UTF8.GetString(content.Slice(HeaderBytes, id)),
            BinaryPrimitives.ReadInt64LittleEndian(content),
            content.Slice(HeaderBytes + id, state).ToArray());
    }

    private void Write(ActorState state)
    {
        var kind = (int)state.Kind;
        var key = Key(state.Kind, state.Id);
        var find = _database.Prepare(FindSql).Bind(1, kind).Bind(2, key);
        var size = 0;
        var slot = 0L;
        if (find.Step())
        {
            (size, slot) = (find.Int32(0), find.Int64(1));
            var version = find.IsNull(2) ? StoredVersion(Slab.Of(state.Kind, size), slot) : find.Int64(2);
            find.Reset();
            if (state.Version <= version)
            {
                return;
            }
        }

        var needed = state.IsTombstone ? 0 : HeaderBytes + Encoding.UTF8.GetByteCount(state.Id) + state.State.Length;
        if (needed > 0 && needed <= size)
        {
            Fill(Slab.Of(state.Kind, size), slot, state);
            return;
        }

        if (size > 0)
        {
            _database.Prepare(Slab.Of(state.Kind, size).ClearSql).Bind(1, slot).Run();
            _database.Prepare("INSERT INTO free VALUES (?1, ?2, ?3)").Bind(1, kind).Bind(2, size).Bind(3, slot).Run();
        }

        var place = _database.Prepare(PlaceSql).Bind(1, kind).Bind(2, key);
        if (needed == 0)
        {
            place.Bind(3, 0).Bind(4, 0).Bind(5, state.Version).Run();
            return;
        }

        var slab = Slab.Of(state.Kind, SlotSize(needed));
        var fresh = TakeSlot(slab);
        place.Bind(3, slab.Size).Bind(4, fresh).BindNull(5).Run();
        Fill(slab, fresh, state);
    }

    private void Write(Checkpoint checkpoint) =>
        _database.Prepare(
            "INSERT INTO checkpoint VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET " +
            "offset = excluded.offset, epoch = excluded.epoch, statistics = excluded.statistics")
            .Bind(1, checkpoint.Topic).Bind(2, checkpoint.Partition).Bind(3, checkpoint.Offset).Bind(4, checkpoint.Epoch)
            .Bind(5, checkpoint.Statistics.Span).Run();

    private long StoredVersion(Slab slab, long slot)
    {
        var read = _database.Prepare(slab.ReadSql).Bind(1, slot);
        if (!read.Step())
        {
            throw SqliteFailure.Damaged(_database.File, "its index and its states do not match");
        }

        var version = BinaryPrimitives.ReadInt64LittleEndian(read.Bytes(0));
        read.Reset();
        return version;
    }

    private void Fill(Slab slab, long slot, ActorState state)
    {
        var content = new byte[slab.Size];
        BinaryPrimitives.WriteInt64LittleEndian(content, state.Version);
        var id = Encoding.UTF8.GetBytes(state.Id, content.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(8), id);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(12), state.State.Length);
        state.State.Span.CopyTo(content.AsSpan(HeaderBytes + id));
        _database.Prepare(slab.FillSql).Bind(1, content).Bind(2, slot).Run();
    }

    /// <summary>A slot of zeros: one that was let go, or a new one.</summary>
    private long TakeSlot(Slab slab)
    {
        var free = _database.Prepare("SELECT min(slot) FROM free WHERE kind = ?1 AND size = ?2").Bind(1, (int)slab.Kind).Bind(2, slab.Size);
        var slot = free.Step() && !free.IsNull(0) ? free.Int64(0) : -1;
        free.Reset();
        if (slot >= 0)
        {
            _database.Prepare("DELETE FROM free WHERE kind = ?1 AND size = ?2 AND slot = ?3")
                .Bind(1, (int)slab.Kind).Bind(2, slab.Size).Bind(3, slot).Run();
            return slot;
        }

        var known = _database.Prepare("INSERT INTO slab VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING size")
            .Bind(1, (int)slab.Kind).Bind(2, slab.Size);
        var isNew = known.Step();
        known.Reset();
        if (isNew)
        {
            _database.Execute($"CREATE TABLE {slab.Table} (slot INTEGER PRIMARY KEY, content BLOB NOT NULL)");
        }

        var add = _database.Prepare(slab.AddSql);
        _ = add.Step();
        slot = add.Int64(0);
        add.Reset();
        return slot;
    }

    /// <summary>The table of the slots of one size.</summary>
    private sealed class Slab
    {
        private static readonly ConcurrentDictionary<(ActorKind, int), Slab> All = new();

        private Slab(ActorKind kind, int size)
        {
            Kind = kind;
            Size = size;
            Table = $"slab_{(int)kind}_{size}";
            ReadSql = $"SELECT content FROM {Table} WHERE slot = ?1";
            ScanSql = $"SELECT slot, content FROM {Table} WHERE slot > ?1 ORDER BY slot LIMIT ?2";
            AddSql = $"INSERT INTO {Table} (content) VALUES (zeroblob({size})) RETURNING slot";
            FillSql = $"UPDATE {Table} SET content = ?1 WHERE slot = ?2";
            ClearSql = $"UPDATE {Table} SET content = zeroblob({size}) WHERE slot = ?1";
        }

        public ActorKind Kind { get; }

        public int Size { get; }

        public string Table { get; }

        public string ReadSql { get; }

        public string ScanSql { get; }

        public string AddSql { get; }

        /// <summary>The content keeps its size, so SQLite overwrites the row where it stands.</summary>
        public string FillSql { get; }

        /// <summary>Fills the slot with zeros where it stands.</summary>
        public string ClearSql { get; }

        public static Slab Of(ActorKind kind, int size) => All.GetOrAdd((kind, size), static of => new Slab(of.Item1, of.Item2));
    }

    private sealed class StateRequest(SqliteStateStore store, IReadOnlyList<ActorState> states, Checkpoint? checkpoint) : WriteRequest<bool>
    {
        public override int Records { get; } = states.Count + (checkpoint is null ? 0 : 1);

        public override long Bytes { get; } = states.Sum(state => (long)state.State.Length + state.Id.Length + HeaderBytes);

        public override void Apply()
        {
            foreach (var state in states)
            {
                store.Write(state);
            }

            if (checkpoint is not null)
            {
                store.Write(checkpoint);
            }

            Result = true;
        }
    }
}
