using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>One connection to a database file, with its prepared statements; used by one thread at a time.</summary>
internal sealed class Database : IDisposable
{
    private const int BusyTimeoutMs = 5_000;
    private const int KeptStatements = 256;

    private readonly SqliteConnection _connection;
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, Statement> _statements = [];

    private Database(SqliteConnection connection, string file)
    {
        _connection = connection;
        _handle = connection.Handle!;
        File = file;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Opens the one connection that writes; makes the file when there is none.</summary>
    /// <param name="file">Path of the database.</param>
    /// <param name="pageSize">Page size of a new file, in bytes.</param>
    /// <param name="cacheBytes">Size of the page cache.</param>
    /// <param name="walBytes">Size of the WAL at which it is moved into the file.</param>
    /// <exception cref="StorageDamagedException">The file is damaged, or is no database.</exception>
    /// <exception cref="DataFolderException">The file cannot be written.</exception>
    public static Database OpenWriter(string file, int pageSize, int cacheBytes, int walBytes)
    {
        var database = Open(file, SqliteOpenMode.ReadWriteCreate);
        try
        {
            database.Execute($"PRAGMA page_size={pageSize}");
            var mode = database.Query("PRAGMA journal_mode=WAL", row => row.Text(0));
            if (mode != "wal")
            {
                throw new DataFolderException(
                    $"{file} cannot use write-ahead logging; the data folder must be on a local disk that this user can write to");
            }

            database.Execute("PRAGMA synchronous=FULL");
            database.Execute("PRAGMA secure_delete=ON");
            database.Execute("PRAGMA temp_store=MEMORY");
            database.Execute($"PRAGMA cache_size={-cacheBytes / 1024}");

            // The checkpoint runs on the writer thread: it always reaches the end of the WAL there, so the WAL stays about this long.
            database.Execute($"PRAGMA wal_autocheckpoint={walBytes / pageSize}");
            database.Execute($"PRAGMA journal_size_limit={2 * walBytes}");

            // Proves that the file can be written.
            database.Execute("BEGIN IMMEDIATE");
            database.Execute("COMMIT");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection that reads.</summary>
    public static Database OpenReader(string file)
    {
        var database = Open(file, SqliteOpenMode.ReadWrite);
        database.Execute("PRAGMA query_only=ON");
        database.Execute("PRAGMA cache_size=-2048");
        return database;
    }

    /// <summary>The prepared statement of an SQL text, kept for the next use.</summary>
    public Statement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
            statement = new Statement(this, handle);
            _statements.Add(sql, statement);
        }

        return statement;
    }

    /// <summary>Lets go of one prepared statement, before its table goes.</summary>
    public void Forget(string sql)
    {
        if (_statements.Remove(sql, out var statement))
        {
            statement.Dispose();
        }
    }

    /// <summary>Bounds the prepared statements; called while none is running.</summary>
    public void TrimStatements()
    {
        if (_statements.Count > KeptStatements)
        {
            ForgetAll();
        }
    }

    /// <summary>Runs SQL that is not worth keeping prepared.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>The first row of a query that is not worth keeping prepared, or the default when there is none.</summary>
    public T? Query<T>(string sql, Func<Statement, T> read)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        using var statement = new Statement(this, handle);
        return statement.Step() ? read(statement) : default;
    }

    /// <summary>Rolls back, if the failure has not done that already.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_handle) == 0)
        {
            _ = raw.sqlite3_exec(_handle, "ROLLBACK");
        }
    }

    /// <summary>Moves everything from the WAL into the file and empties the WAL, so that overwritten bytes are in neither.</summary>
    /// <exception cref="Cinegrain.Model.Ports.UnavailableException">A reader kept the WAL in use.</exception>
    public void TruncateWal()
    {
        if (Query("PRAGMA wal_checkpoint(TRUNCATE)", row => row.Int32(0)) != 0)
        {
            throw SqliteFailure.Translate(raw.SQLITE_BUSY, File, "the WAL is in use");
        }
    }

    /// <exception cref="Exception">The code is no success; see <see cref="SqliteFailure"/>.</exception>
    public void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Failure();
        }
    }

    /// <summary>Describes the last failure of this connection.</summary>
    public Exception Failure() =>
        SqliteFailure.Translate(raw.sqlite3_extended_errcode(_handle), File, raw.sqlite3_errmsg(_handle).utf8_to_string());

    public void Dispose()
    {
        ForgetAll();
        _connection.Dispose();
    }

    private static Database Open(string file, SqliteOpenMode mode)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            var database = new Database(connection, file);

            // No mmap: an I/O error there is a signal that ends the process, not a result code.
            database.Execute($"PRAGMA busy_timeout={BusyTimeoutMs}");
            database.Execute("PRAGMA mmap_size=0");
            return database;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw SqliteFailure.Translate(e.SqliteExtendedErrorCode, file, e.Message, e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void ForgetAll()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
    }
}
