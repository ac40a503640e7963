using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Movies;

/// <summary>
/// Public traits of a movie as bytes, for the topics of the catalogue: the movie stands in the record's key, its neighbours by id, so that every process can
/// read them. Values are absolute.
/// </summary>
public static class TraitsCodec
{
    private const byte Format = 1;

    /// <summary>Traits, all or those that changed, as of a version of the movie.</summary>
    /// <param name="version">Offset of the last record that the movie applied, plus one.</param>
    public static byte[] Encode(TraitsDelta traits, long version, MovieIndex index)
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Unsigned((ulong)version);
        writer.Unsigned((ulong)traits.Count);
        writer.Unsigned((ulong)traits.FirstSeenSeconds);
        writer.Unsigned((ulong)traits.LatestSeconds);
        foreach (var popularity in traits.Popularity)
        {
            writer.Double(popularity);
        }

        traits.Audience.Write(writer);
        Write(traits.In);
        Write(traits.Out);
        return writer.ToArray();

        void Write(List<NeighbourEntry> entries)
        {
            writer.Unsigned((ulong)entries.Count);
            foreach (var entry in entries)
            {
                writer.String(index.Id(entry.Movie));
                entry.Weight.Write(writer);
            }
        }
    }

    /// <summary>The version alone, so that what is known already need not be read.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of a newer format.</exception>
    public static long VersionOf(ReadOnlySpan<byte> bytes)
    {
        var reader = new StateReader(bytes);
        return ReadVersion(ref reader);
    }

    /// <summary>Reads traits.</summary>
    /// <param name="movie">Key of the record.</param>
    /// <param name="traits">Filled.</param>
    /// <returns>The version of the movie.</returns>
    /// <exception cref="InvalidDataException">The bytes are damaged or of a newer format.</exception>
    public static long Decode(string movie, ReadOnlySpan<byte> bytes, MovieIndex index, TraitsDelta traits)
    {
        var reader = new StateReader(bytes);
        var version = ReadVersion(ref reader);
        traits.Clear();
        traits.Movie = index.Handle(movie);
        traits.Count = reader.Int32();
        traits.FirstSeenSeconds = reader.Int64();
        traits.LatestSeconds = reader.Int64();
        for (var i = 0; i < traits.Popularity.Length; i++)
        {
            traits.Popularity[i] = reader.Double();
        }

        traits.Audience = AudienceSums.Read(ref reader);
        for (var list = traits.In; ; list = traits.Out)
        {
            for (var count = reader.Count(); count > 0; count--)
            {
                list.Add(new NeighbourEntry(index.Handle(reader.String()), CoOccurrence.Read(ref reader)));
            }

            if (list == traits.Out)
            {
                reader.End();
                return version;
            }
        }
    }

    private static long ReadVersion(ref StateReader reader) => reader.Byte() is var format && format == Format
        ? reader.Int64()
        : throw new InvalidDataException(
            $"a record of the catalogue has format {format}, this version of Cinegrain reads format {Format}: update all processes of the cluster");
}
