using System.IO.Compression;

namespace Cinegrain.Ingest.Readers;

/// <summary>A file in a folder or in a zip archive. Holds nothing open.</summary>
/// <param name="Root">The folder or the archive.</param>
/// <param name="Name">Name within it, with <c>/</c>.</param>
/// <param name="Length">Its length, unpacked, in bytes.</param>
internal sealed record DataFile(string Root, bool IsZip, string Name, long Length)
{
    public string Folder => Name.LastIndexOf('/') is var slash and >= 0 ? Name[..slash] : "";

    public string BareName => Name[(Name.LastIndexOf('/') + 1)..];

    /// <summary>The files at the root of a folder or archive, and one folder down.</summary>
    /// <exception cref="DataSetException">There is no such thing, or the archive is broken.</exception>
    public static List<DataFile> List(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                using var archive = ZipFile.OpenRead(path);
                return
                [
                    .. archive.Entries
                        .Where(entry => entry.Name.Length > 0 && entry.FullName.Count(c => c == '/') <= 1)
                        .Select(entry => new DataFile(path, true, entry.FullName, entry.Length)),
                ];
            }

            if (Directory.Exists(path))
            {
                var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true };
                return
                [
                    .. new DirectoryInfo(path).EnumerateFiles("*", options)
                        .Select(file => new DataFile(path, false, Path.GetRelativePath(path, file.FullName).Replace('\\', '/'), file.Length)),
                ];
            }
        }
        catch (InvalidDataException e)
        {
            throw new DataSetException($"{path} is not a zip archive, or a broken one; give a folder or a .zip file", e);
        }

        throw new DataSetException($"{path} does not exist; give a folder or a .zip file");
    }

    /// <summary>Opens the file; what is read, unpacked, is counted from 0.</summary>
    public Stream Open(ByteCount count)
    {
        if (!IsZip)
        {
            return new CountingStream(new FileStream(Path.Combine(Root, Name), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan), count);
        }

        var archive = ZipFile.OpenRead(Root);
        try
        {
            var entry = archive.GetEntry(Name) ?? throw new DataSetException($"{Root} has no {Name} any more; do not change it while it is read");
            return new CountingStream(entry.Open(), count, archive);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }
}

/// <summary>Bytes read so far; one thread counts, any may ask.</summary>
internal sealed class ByteCount
{
    private long _value;

    public long Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }
}

/// <summary>Reads through, and counts.</summary>
internal sealed class CountingStream : Stream
{
    private readonly Stream _inner;
    private readonly ByteCount _count;
    private readonly IDisposable? _owner;

    public CountingStream(Stream inner, ByteCount count, IDisposable? owner = null)
    {
        _inner = inner;
        _count = count;
        _owner = owner;
        count.Value = 0;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = _inner.Read(buffer);
        _count.Value += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _owner?.Dispose();
        }

        base.Dispose(disposing);
    }
}
