namespace Cinegrain.Ingest.Readers;

/// <summary>A file of interactions that the gate is to judge. <see cref="Read"/> makes lines as a producer would send them.</summary>
public abstract class InteractionFile
{
    private readonly ByteCount _read = new();

    private protected InteractionFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new DataSetException(Directory.Exists(path) ? $"{path} is a folder; give a file" : $"{path} does not exist; give a file");
        }

        Path = path;
        Bytes = new FileInfo(path).Length;
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Length of the file, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>How far the current (or last) read is, in bytes; may be asked from any thread.</summary>
    public long BytesRead => _read.Value;

    /// <summary>The lines, each numbered by its line in the file, from 1, header counted. Blank lines are left out.</summary>
    /// <param name="onError">Told of each line that cannot even be given to the gate.</param>
    /// <exception cref="DataSetException">The file as a whole is not what it should be.</exception>
    public abstract IEnumerable<IntakeLine> Read(Action<ReaderError>? onError = null);

    private protected Stream Open() => new CountingStream(
        new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan), _read);
}
