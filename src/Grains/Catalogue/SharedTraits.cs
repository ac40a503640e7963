using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Movies;

namespace Cinegrain.Grains.Catalogue;

/// <summary>
/// The silo's view as what it learns of movies reaches it: from its own grains at once, and from the log. The version of a movie tells which is newer, so the
/// order between them does not matter.
/// </summary>
internal sealed class SharedTraits(SharedModel shared)
{
    private readonly Lock _gate = new();
    private long[] _versions = new long[1024];

    public MovieIndex Index => shared.Index;

    /// <summary>Applies traits unless those of the same version or a newer one are there.</summary>
    public void Apply(TraitsDelta traits, long version)
    {
        lock (_gate)
        {
            if (TryRaise(traits.Movie, version))
            {
                shared.View.Apply(traits);
            }
        }
    }

    /// <summary>Applies a record of the catalogue.</summary>
    /// <param name="into">Used to read it.</param>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    public void Apply(string movie, ReadOnlySpan<byte> bytes, TraitsDelta into)
    {
        var version = TraitsCodec.VersionOf(bytes);
        var handle = shared.Index.Handle(movie);
        lock (_gate)
        {
            if (VersionOf(handle) < version)
            {
                TraitsCodec.Decode(movie, bytes, shared.Index, into);
                TryRaise(handle, version);
                shared.View.Apply(into);
            }
        }
    }

    private long VersionOf(int movie) => movie < _versions.Length ? _versions[movie] : 0;

    private bool TryRaise(int movie, long version)
    {
        if (VersionOf(movie) >= version)
        {
            return false;
        }

        if (movie >= _versions.Length)
        {
            Array.Resize(ref _versions, Math.Max(_versions.Length * 2, movie + 1));
        }

        _versions[movie] = version;
        return true;
    }
}
