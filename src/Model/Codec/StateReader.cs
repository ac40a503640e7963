using System.Buffers.Binary;
using System.Text;

namespace Cinegrain.Model.Codec;

/// <summary>Reads what <see cref="StateWriter"/> wrote.</summary>
/// <exception cref="InvalidDataException">The bytes end early or hold a length that cannot be.</exception>
internal ref struct StateReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public byte Byte() => Take(1)[0];

    public ulong Unsigned()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("a stored state is damaged: an integer does not end");
    }

    public long Signed()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A number of things that each take at least one byte.</summary>
    public int Count()
    {
        var value = Unsigned();
        return value <= (ulong)_rest.Length
            ? (int)value
            : throw new InvalidDataException("a stored state is damaged: it names more entries than it has bytes");
    }

    /// <summary>As <see cref="Count()"/>, with a bound.</summary>
    public int Count(int most)
    {
        var value = Count();
        return value <= most ? value : throw new InvalidDataException("a stored state is damaged: a list is too long");
    }

    /// <summary>An unsigned integer that fits an <see cref="int"/>.</summary>
    public int Int32() => Unsigned() is var value and <= int.MaxValue
        ? (int)value
        : throw new InvalidDataException("a stored state is damaged: an integer is too large");

    /// <summary>An unsigned integer that fits a <see cref="long"/>.</summary>
    public long Int64() => Unsigned() is var value and <= long.MaxValue
        ? (long)value
        : throw new InvalidDataException("a stored state is damaged: an integer is too large");

    public float Half() => (float)BinaryPrimitives.ReadHalfLittleEndian(Take(2)) is var value && float.IsFinite(value)
        ? value
        : throw new InvalidDataException("a stored state is damaged: a number is not finite");

    public float Single() => BinaryPrimitives.ReadSingleLittleEndian(Take(4)) is var value && float.IsFinite(value)
        ? value
        : throw new InvalidDataException("a stored state is damaged: a number is not finite");

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)) is var value && double.IsFinite(value)
        ? value
        : throw new InvalidDataException("a stored state is damaged: a number is not finite");

    public ulong Fixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string String() => Encoding.UTF8.GetString(Take(Count()));

    /// <summary>The string's UTF-8 bytes, for a look-up without an allocation.</summary>
    public ReadOnlySpan<byte> Utf8() => Take(Count());

    public string[] Strings()
    {
        var values = new string[Count()];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = String();
        }

        return values;
    }

    /// <summary>Says that all was read.</summary>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw new InvalidDataException("a stored state is damaged: bytes are left over");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_rest.Length < length)
        {
            throw new InvalidDataException("a stored state is damaged: it ends early");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
