using System.Text;

namespace Cinegrain.Model;

/// <summary>A hash that is the same in every process, on every platform and for ever.</summary>
public static class StableHash
{
    /// <summary>FNV-1a, 64 bit (RFC 9923), over the UTF-8 bytes, finished by the mixer of MurmurHash3.</summary>
    public static ulong Of(string text)
    {
        var hash = 14695981039346656037UL;
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(utf8);
            for (var i = 0; i < length; i++)
            {
                hash = (hash ^ utf8[i]) * 1099511628211UL;
            }
        }

        return Mix(hash);
    }

    /// <summary>Mixes a number into a hash.</summary>
    public static ulong Of(ulong hash, ulong number) => Mix(hash ^ Mix(number + 0x9E3779B97F4A7C15UL));

    /// <summary>A hash as a number of 0 (included) to 1 (excluded).</summary>
    public static double ToUnit(ulong hash) => (hash >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong h)
    {
        h ^= h >> 33;
        h *= 0xFF51AFD7ED558CCDUL;
        h ^= h >> 33;
        h *= 0xC4CEB9FE1A85EC53UL;
        return h ^ (h >> 33);
    }
}
