namespace Cinegrain.Ingest.Readers;

/// <summary>A file with one JSON object a line (NDJSON), in UTF-8. The gate judges each line; nothing is an error here.</summary>
public sealed class NdjsonInteractionFile : InteractionFile
{
    private readonly int _maximumLineBytes;

    /// <param name="maximumLineBytes">Of a longer line one byte more than this is given on, for the gate to refuse it.</param>
    /// <exception cref="DataSetException">There is no such file.</exception>
    public NdjsonInteractionFile(string path, int maximumLineBytes = 64 * 1024)
        : base(path)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumLineBytes);
        _maximumLineBytes = maximumLineBytes;
    }

    /// <inheritdoc/>
    public override IEnumerable<IntakeLine> Read(Action<ReaderError>? onError = null)
    {
        using var stream = Open();
        var buffer = new byte[_maximumLineBytes + 1 + (1 << 16)];
        var (start, end, number) = (0, 0, 0);

        // True while the rest of a line that is too long goes by.
        var skipping = false;
        while (true)
        {
            var newline = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (newline < 0 && end - start > _maximumLineBytes)
            {
                if (!skipping)
                {
                    yield return new IntakeLine(++number, buffer.AsSpan(start, _maximumLineBytes + 1).ToArray());
                }

                skipping = true;
                (start, end) = (0, 0);
            }
            else if (newline >= 0)
            {
                if (skipping)
                {
                    skipping = false;
                }
                else if (Line(buffer.AsSpan(start, newline), ++number) is { } line)
                {
                    yield return line;
                }

                start += newline + 1;
                continue;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            var read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0)
            {
                if (end > 0 && !skipping && Line(buffer.AsSpan(0, end), ++number) is { } last)
                {
                    yield return last;
                }

                yield break;
            }

            end += read;
        }
    }

    private IntakeLine? Line(ReadOnlySpan<byte> bytes, int number)
    {
        bytes = bytes.TrimEnd((byte)'\r');
        return bytes.Trim(" \t\uFEFF"u8).IsEmpty ? null : new IntakeLine(number, bytes[..Math.Min(bytes.Length, _maximumLineBytes + 1)].ToArray());
    }
}
