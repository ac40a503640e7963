using Cinegrain.Model.Ports;
using SQLitePCL;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>Turns SQLite's result codes (https://www.sqlite.org/rescode.html) into the exceptions of the ports.</summary>
internal static class SqliteFailure
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <param name="code">Result code, primary or extended.</param>
    /// <param name="file">Path of the database.</param>
    /// <param name="detail">SQLite's message, which names no data.</param>
    /// <param name="inner">What carried the code, if an exception did.</param>
    public static Exception Translate(int code, string file, string detail, Exception? inner = null) => (code & 0xff) switch
    {
        raw.SQLITE_FULL => new UnavailableException(
            $"the disk of {file} is full; free some space, writing goes on by itself", RetryAfter, inner),
        raw.SQLITE_IOERR => new UnavailableException(
            $"{file} cannot be read or written now (I/O error {code}); check the disk", RetryAfter, inner),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new UnavailableException(
            $"{file} is in use by another program; close it", RetryAfter, inner),
        raw.SQLITE_NOMEM => new UnavailableException($"there is no memory left to use {file}", RetryAfter, inner),
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN or raw.SQLITE_AUTH => new DataFolderException(
            $"{file} cannot be opened for writing; give this user write permission to it and to its folder, or choose another data folder", inner),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_FORMAT => Damaged(file, detail, inner),
        _ => new InvalidOperationException($"SQLite refused an operation on {file}: {detail} (code {code})", inner),
    };

    /// <summary>The exception for a damaged file, with the advice that fits the file.</summary>
    public static StorageDamagedException Damaged(string file, string detail, Exception? inner = null)
    {
        var advice = Path.GetFileName(file) == SqliteStateStore.FileName
            ? $"Restore it from a backup, or delete {SqliteStateStore.FileName} (and {SqliteStateStore.FileName}-wal, -shm) to rebuild it from the log at the next start."
            : "Restore the whole data folder from a backup.";
        return new StorageDamagedException($"{file} is damaged: {detail}. {advice}", inner);
    }
}
