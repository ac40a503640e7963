using System.Text;
using SQLitePCL;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>
/// A prepared statement. Values are bound and read as spans without boxing, which ADO.NET cannot do; used by one thread at a time.
/// </summary>
internal sealed class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    /// <summary>Binds the UTF-8 bytes as TEXT.</summary>
    public Statement Bind(int index, string value)
    {
        database.Check(raw.sqlite3_bind_text(handle, index, value));
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span has no address, and SQLite takes a null address for NULL.
        database.Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0) : raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    public Statement BindNull(int index)
    {
        database.Check(raw.sqlite3_bind_null(handle, index));
        return this;
    }

    /// <summary>Binds the UTF-8 bytes of a text as BLOB.</summary>
    public Statement BindUtf8(int index, string value)
    {
        Span<byte> buffer = stackalloc byte[384];
        return value.Length <= 128
            ? Bind(index, buffer[..Encoding.UTF8.GetBytes(value, buffer)])
            : Bind(index, Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Moves to the next row; false at the end, where the statement resets itself.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        // The failure is described before the reset, which clears it.
        var failure = code == raw.SQLITE_DONE ? null : database.Failure();
        _ = raw.sqlite3_reset(handle);
        return failure is null ? false : throw failure;
    }

    /// <summary>Runs a statement that returns no row.</summary>
    public void Run()
    {
        if (Step())
        {
            Reset();
        }
    }

    /// <summary>Ends a read before its last row, which ends its read transaction.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public int Int32(int column) => raw.sqlite3_column_int(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    /// <summary>The bytes of a BLOB or TEXT column; valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose() => handle.Dispose();
}
