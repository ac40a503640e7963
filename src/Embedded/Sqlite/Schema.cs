namespace Cinegrain.Embedded.Sqlite;

/// <summary>The version of a database's schema, which stands in its <c>user_version</c>.</summary>
internal static class Schema
{
    /// <summary>The version of a database; 0 when it is new.</summary>
    /// <exception cref="DataFolderException">A newer version made it.</exception>
    /// <exception cref="StorageDamagedException">It is a database of something else.</exception>
    public static int Check(Database database, int known)
    {
        var version = database.Query("PRAGMA user_version", row => row.Int32(0));
        if (version > known)
        {
            throw new DataFolderException(
                $"{database.File} has schema version {version}, made by a newer version of Cinegrain; this one knows versions up to {known}. " +
                "Use the newer version, or choose another data folder.");
        }

        if (version == 0 && database.Query("SELECT count(*) FROM sqlite_master", row => row.Int32(0)) > 0)
        {
            throw SqliteFailure.Damaged(database.File, "it is a database of another program");
        }

        return version;
    }
}
