using System.Collections.Concurrent;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>Connections that read; one is used by one caller at a time, for no longer than one short read.</summary>
internal sealed class ReaderPool(string file) : IDisposable
{
    private const int Kept = 8;

    private readonly ConcurrentBag<Database> _idle = [];
    private volatile bool _disposed;

    /// <summary>Runs a read on one of the connections, on the calling thread.</summary>
    public T Read<TState, T>(TState state, Func<Database, TState, T> read)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var database = _idle.TryTake(out var idle) ? idle : Database.OpenReader(file);
        try
        {
            var result = read(database, state);
            if (_disposed || _idle.Count >= Kept)
            {
                database.Dispose();
            }
            else
            {
                database.TrimStatements();
                _idle.Add(database);
            }

            return result;
        }
        catch
        {
            // Whatever state the failure left the connection in goes with it.
            database.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var database))
        {
            database.Dispose();
        }
    }
}
