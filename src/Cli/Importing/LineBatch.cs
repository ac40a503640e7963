using System.Buffers;
using System.Security.Cryptography;
using Cinegrain.Ingest;

namespace Cinegrain.Cli.Importing;

/// <summary>Lines of one request, and where each stands in its file.</summary>
internal sealed class LineBatch
{
    /// <summary>Lines of a full batch.</summary>
    public const int MostLines = 1000;

    // Below the size of body that servers take by default, whatever the lines.
    private const int MostBytes = 4_000_000;

    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);
    private readonly List<int> _numbers = new(MostLines);
    private readonly List<Range> _lines = new(MostLines);

    /// <summary>Lines in it.</summary>
    public int Count => _numbers.Count;

    /// <summary>The lines as the body of a request.</summary>
    public ReadOnlyMemory<byte> Body => _buffer.WrittenMemory;

    /// <summary>The lines, numbered as a server numbers those of the body.</summary>
    public IReadOnlyList<IntakeLine> Lines => [.. _lines.Select((range, place) => new IntakeLine(place + 1, Body[range]))];

    /// <summary>True when a line of this length still fits.</summary>
    public bool Takes(int bytes) => Count == 0 || (Count < MostLines && _buffer.WrittenCount + bytes < MostBytes);

    /// <summary>Adds a line.</summary>
    /// <param name="number">Its number in the file.</param>
    public void Add(ReadOnlySpan<byte> line, int number)
    {
        _lines.Add(_buffer.WrittenCount..(_buffer.WrittenCount + line.Length));
        _buffer.Write(line);
        _buffer.Write("\n"u8);
        _numbers.Add(number);
    }

    /// <summary>Number in the file of a line of the request, from 1.</summary>
    public int NumberInFile(int lineOfRequest) => lineOfRequest >= 1 && lineOfRequest <= Count ? _numbers[lineOfRequest - 1] : 0;

    /// <summary>
    /// Key of the batch: made from its place and its content, so importing the same file again sends the same keys, and the server takes nothing
    /// twice.
    /// </summary>
    public string IdempotencyKey(int place)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(place));
        hash.AppendData(Body.Span);
        return $"import-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16))}";
    }
}
