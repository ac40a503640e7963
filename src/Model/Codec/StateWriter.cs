using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Cinegrain.Model.Codec;

/// <summary>Writes the compact binary form of a state: little-endian floats, LEB128 integers, UTF-8 strings with their length.</summary>
internal sealed class StateWriter
{
    // What is larger, as the model of all films is, does not stay for the next.
    private const int MostKept = 1 << 20;

    // Characters whose bytes, three each at most, have a length that fits into one byte: their bytes need not be counted first.
    private const int MostAtOnce = 42;

    [ThreadStatic]
    private static StateWriter? _ofThread;

    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    private StateWriter()
    {
    }

    /// <summary>The thread's own writer, empty. Whoever begins is done with it before another on the thread begins.</summary>
    public static StateWriter Begin()
    {
        if (_ofThread is not { _buffer.Capacity: <= MostKept })
        {
            _ofThread = new();
        }

        _ofThread._buffer.ResetWrittenCount();
        return _ofThread;
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void Unsigned(ulong value)
    {
        var span = _buffer.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }

    /// <summary>Zigzag, so that small negative numbers stay short.</summary>
    public void Signed(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    public void Half(Half value)
    {
        BinaryPrimitives.WriteHalfLittleEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
    }

    public void Single(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    public void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void Fixed64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void String(string value)
    {
        if (value.Length <= MostAtOnce)
        {
            var span = _buffer.GetSpan(1 + (3 * MostAtOnce));
            span[0] = (byte)Encoding.UTF8.GetBytes(value, span[1..]);
            _buffer.Advance(1 + span[0]);
            return;
        }

        var length = Encoding.UTF8.GetByteCount(value);
        Unsigned((ulong)length);
        Encoding.UTF8.GetBytes(value, _buffer.GetSpan(length));
        _buffer.Advance(length);
    }

    public void Strings(IReadOnlyCollection<string> values)
    {
        Unsigned((ulong)values.Count);
        foreach (var value in values)
        {
            String(value);
        }
    }
}
