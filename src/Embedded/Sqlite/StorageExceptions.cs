namespace Cinegrain.Embedded.Sqlite;

/// <summary>A data folder, or a file in it, cannot be used as it is: in use, of a newer version, not writable. The message says what to do.</summary>
public sealed class DataFolderException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A database file is damaged; the message names the file and says what to do.</summary>
public sealed class StorageDamagedException(string message, Exception? inner = null) : Exception(message, inner);
