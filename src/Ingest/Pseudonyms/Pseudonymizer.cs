using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cinegrain.Ingest;

/// <summary>
/// Makes pseudonyms of user ids: <c>u{key id}-</c> and 26 characters, the first 16 bytes of HMAC-SHA-256 (RFC 2104) over the trimmed id
/// in UTF-8, in lower-case base32 (RFC 4648). New users get the newest key; an older key stays valid for the users known under it.
/// Safe for concurrent use.
/// </summary>
public sealed class Pseudonymizer
{
    /// <summary>Longest user id, in UTF-16 characters after trimming.</summary>
    public const int MaximumLength = 256;

    private const int Kept = 16;
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [ThreadStatic]
    private static ThreadHashes? s_hashes;

    private readonly PseudonymKey[] _keys;
    private readonly string[] _prefixes;
    private readonly Func<string, bool>? _isKnown;

    /// <param name="keys">One or more keys with different ids, in any order.</param>
    /// <param name="isKnown">
    /// Tells whether a pseudonym belongs to a user the host knows. Asked only when there are several keys, and from any thread; without it
    /// the newest key is always used.
    /// </param>
    /// <exception cref="ArgumentException">No key, or two with one id.</exception>
    public Pseudonymizer(IEnumerable<PseudonymKey> keys, Func<string, bool>? isKnown = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _keys = [.. keys.OrderByDescending(key => key.Id)];
        if (_keys.Length == 0)
        {
            throw new ArgumentException("at least one pseudonym key is needed", nameof(keys));
        }

        for (var i = 1; i < _keys.Length; i++)
        {
            if (_keys[i].Id == _keys[i - 1].Id)
            {
                throw new ArgumentException($"two pseudonym keys have the id {_keys[i].Id}", nameof(keys));
            }
        }

        _prefixes = [.. _keys.Select(key => string.Create(CultureInfo.InvariantCulture, $"u{key.Id}-"))];
        _isKnown = isKnown;
    }

    /// <summary>
    /// The pseudonym of a user: under the newest key, unless the user is known under an older one only.
    /// </summary>
    /// <param name="rawUserId">1 to 256 characters after trimming, valid Unicode, no control characters.</param>
    /// <exception cref="ArgumentException">Not such an id; the message says why and does not repeat it.</exception>
    public string Pseudonym(string rawUserId)
    {
        ArgumentNullException.ThrowIfNull(rawUserId);
        return TryPseudonym(rawUserId, out var pseudonym, out var reason) ? pseudonym : throw new ArgumentException(reason, nameof(rawUserId));
    }

    /// <summary>Like <see cref="Pseudonym"/>, with the reason of a refusal instead of an exception.</summary>
    /// <param name="reason">A sentence that does not repeat the id.</param>
    public bool TryPseudonym(
        ReadOnlySpan<char> rawUserId, [NotNullWhen(true)] out string? pseudonym, [NotNullWhen(false)] out string? reason)
    {
        pseudonym = null;
        reason = Check(ref rawUserId, "user");
        if (reason is not null)
        {
            return false;
        }

        pseudonym = Make(0, rawUserId);
        if (_keys.Length > 1 && _isKnown is not null && !_isKnown(pseudonym))
        {
            for (var i = 1; i < _keys.Length; i++)
            {
                var older = Make(i, rawUserId);
                if (_isKnown(older))
                {
                    pseudonym = older;
                    break;
                }
            }
        }

        return true;
    }

    /// <summary>The user's pseudonyms under all keys, newest key first.</summary>
    /// <exception cref="ArgumentException">Not a valid user id; the message says why and does not repeat it.</exception>
    public IReadOnlyList<string> Candidates(string rawUserId)
    {
        ArgumentNullException.ThrowIfNull(rawUserId);
        ReadOnlySpan<char> trimmed = rawUserId;
        if (Check(ref trimmed, "user") is { } reason)
        {
            throw new ArgumentException(reason, nameof(rawUserId));
        }

        var candidates = new string[_keys.Length];
        for (var i = 0; i < candidates.Length; i++)
        {
            candidates[i] = Make(i, trimmed);
        }

        return candidates;
    }

    /// <summary>Trims an id and checks it by the rules that hold for the ids of users, movies and interactions.</summary>
    /// <returns>What is wrong, without the id, or null.</returns>
    internal static string? Check(ref ReadOnlySpan<char> id, string field)
    {
        id = id.Trim();
        if (id.IsEmpty)
        {
            return $"{field} is empty; send 1 to {MaximumLength} characters";
        }

        if (id.Length > MaximumLength)
        {
            return $"{field} is longer than {MaximumLength} characters";
        }

        for (var i = 0; i < id.Length; i++)
        {
            var c = id[i];
            if (char.IsControl(c))
            {
                return $"{field} has a control character; send printable characters only";
            }

            if (char.IsSurrogate(c))
            {
                if (!char.IsHighSurrogate(c) || i + 1 == id.Length || !char.IsLowSurrogate(id[i + 1]))
                {
                    return $"{field} is not valid Unicode: it has half of a surrogate pair";
                }

                i++;
            }
        }

        return null;
    }

    /// <summary>
    /// An id that depends on the user, a scope and a text of the caller's alone, and that tells nothing of the text: 128 bits of
    /// HMAC-SHA-256 under the key of the user's pseudonym.
    /// </summary>
    internal UInt128 DeriveId(string pseudonym, string scope, ReadOnlySpan<char> text, int number)
    {
        var index = 0;
        for (var i = 0; i < _prefixes.Length; i++)
        {
            if (pseudonym.StartsWith(_prefixes[i], StringComparison.Ordinal))
            {
                index = i;
                break;
            }
        }

        // The unit separator cannot occur in an id, so different parts never make the same bytes.
        var length = scope.Length + pseudonym.Length + text.Length + 16;
        var rented = ArrayPool<char>.Shared.Rent(length);
        try
        {
            rented.AsSpan().TryWrite(CultureInfo.InvariantCulture, $"{scope}\u001f{pseudonym}\u001f{number}\u001f{text}", out var written);
            Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
            Hash(index, rented.AsSpan(0, written), mac);
            return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(mac);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented, clearArray: true);
        }
    }

    private string Make(int index, ReadOnlySpan<char> trimmed)
    {
        Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(index, trimmed, mac);
        Span<char> text = stackalloc char[16 + 26];
        var prefix = _prefixes[index];
        prefix.CopyTo(text);
        var length = prefix.Length;
        uint buffer = 0;
        var bits = 0;
        foreach (var b in mac[..Kept])
        {
            buffer = (buffer << 8) | b;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text[length++] = Base32[(int)(buffer >> bits) & 31];
            }
        }

        text[length++] = Base32[(int)(buffer << (5 - bits)) & 31];
        return new string(text[..length]);
    }

    private void Hash(int index, ReadOnlySpan<char> text, Span<byte> mac)
    {
        // A keyed hash costs a microsecond to make and cannot be shared between threads: each thread keeps the last ones.
        var hashes = s_hashes;
        if (hashes is null || hashes.Owner != this)
        {
            hashes?.Dispose();
            s_hashes = hashes = new ThreadHashes(this, _keys);
        }

        var hash = hashes.Keyed[index];
        var size = StrictUtf8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        var bytes = size <= 1024 ? stackalloc byte[1024] : (rented = ArrayPool<byte>.Shared.Rent(size));
        try
        {
            hash.AppendData(bytes[..StrictUtf8.GetBytes(text, bytes)]);
            hash.GetHashAndReset(mac);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented, clearArray: true);
            }
        }
    }

    private sealed class ThreadHashes(Pseudonymizer owner, PseudonymKey[] keys) : IDisposable
    {
        public Pseudonymizer Owner { get; } = owner;

        public IncrementalHash[] Keyed { get; } =
            [.. keys.Select(key => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Secret))];

        public void Dispose()
        {
            foreach (var hash in Keyed)
            {
                hash.Dispose();
            }
        }
    }
}
