using System.Buffers.Binary;

namespace Cinegrain.Streaming;

/// <summary>Functions that place a key in a partition.</summary>
public static class KafkaPartitioners
{
    /// <summary>Murmur2 of the key, as Kafka's own producer (and librdkafka's <c>partitioner=murmur2</c>).</summary>
    public static int Murmur2(ReadOnlyMemory<byte> key, int partitions) => (int)(Hash(key.Span) & 0x7fff_ffff) % partitions;

    /// <summary>MurmurHash2 of Austin Appleby (public domain), 32 bits, with the seed of Kafka.</summary>
    private static uint Hash(ReadOnlySpan<byte> data)
    {
        const uint Multiplier = 0x5bd1_e995;
        var hash = 0x9747_b28c ^ (uint)data.Length;
        for (; data.Length >= 4; data = data[4..])
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
            hash = (hash * Multiplier) ^ ((word ^ (word >> 24)) * Multiplier);
        }

        if (data.Length > 0)
        {
            for (var i = data.Length - 1; i >= 0; i--)
            {
                hash ^= (uint)data[i] << (8 * i);
            }

            hash *= Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return hash ^ (hash >> 15);
    }
}
