using System.Globalization;

namespace Cinegrain.Embedded.Sqlite;

/// <summary>
/// The folder that holds everything of one server, used by one process at a time: the lock is the operating system's and ends with the process,
/// however it ends.
/// </summary>
public sealed class DataFolder : IDisposable
{
    /// <summary>Version of the layout of the folder.</summary>
    public const int Format = 1;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Opens a folder, and makes it (readable by its owner alone) when it is not there.</summary>
    /// <exception cref="DataFolderException">Another process uses the folder, a newer version made it, or it cannot be written.</exception>
    public static DataFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        FileStream? held = null;
        try
        {
            if (!Directory.Exists(path))
            {
                if (OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(path);
                }
                else
                {
                    Directory.CreateDirectory(path, OwnerOnly);
                }
            }

            held = Lock(path);
            CheckFormat(System.IO.Path.Combine(path, "format"));
            return new DataFolder(path, held);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            held?.Dispose();
            throw new DataFolderException(
                $"the data folder {path} cannot be written ({e.Message.TrimEnd('.')}); give this user write permission to it, or choose another folder", e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>Full path of a file of the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Lets the next process in.</summary>
    public void Dispose() => _lock.Dispose();

    private static FileStream Lock(string path)
    {
        // The owner stands in a file of its own: a file opened with FileShare.None cannot be read by others.
        var owner = System.IO.Path.Combine(path, "owner");
        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsHeld(e) && System.IO.File.Exists(owner))
        {
            throw new DataFolderException(
                $"the data folder {path} is in use by process {System.IO.File.ReadAllText(owner).Trim()}; stop that process, or choose another folder", e);
        }

        try
        {
            System.IO.File.WriteAllText(owner, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} on {Environment.MachineName}\n"));
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>True when another process holds the file: EAGAIN of flock on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.</summary>
    private static bool IsHeld(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static void CheckFormat(string file)
    {
        if (!System.IO.File.Exists(file))
        {
            System.IO.File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"{Format}\n"));
            return;
        }

        var text = System.IO.File.ReadAllText(file).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var format) || format < 1)
        {
            throw new StorageDamagedException($"{file} is damaged: it should hold the number of the layout. Restore the data folder from a backup.");
        }

        if (format > Format)
        {
            throw new DataFolderException(
                $"the data folder of {file} has layout {format}, made by a newer version of Cinegrain; this one knows layouts up to {Format}. " +
                "Use the newer version, or choose another folder.");
        }
    }
}
