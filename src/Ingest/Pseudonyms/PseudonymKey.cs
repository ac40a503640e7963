namespace Cinegrain.Ingest;

/// <summary>A secret key that pseudonyms are made with.</summary>
public sealed class PseudonymKey
{
    /// <summary>Least length of a key, in bytes: the output of SHA-256 (RFC 2104, section 3).</summary>
    public const int MinimumLength = 32;

    private readonly byte[] _secret;

    /// <param name="id">Number in the pseudonym, from 1; a newer key has a higher one.</param>
    /// <param name="secret">At least <see cref="MinimumLength"/> random bytes; copied.</param>
    /// <exception cref="ArgumentException">The id is not positive or the key is too short.</exception>
    public PseudonymKey(int id, ReadOnlySpan<byte> secret)
    {
        if (id < 1)
        {
            throw new ArgumentException("a pseudonym key needs an id of 1 or more", nameof(id));
        }

        if (secret.Length < MinimumLength)
        {
            throw new ArgumentException($"pseudonym key {id} has {secret.Length} bytes; it needs at least {MinimumLength}", nameof(secret));
        }

        Id = id;
        _secret = secret.ToArray();
    }

    /// <summary>Number in the pseudonym.</summary>
    public int Id { get; }

    internal byte[] Secret => _secret;

    /// <summary>Names the key, never shows it.</summary>
    public override string ToString() => $"pseudonym key {Id}";
}
