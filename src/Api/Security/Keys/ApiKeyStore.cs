using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cinegrain.Api.Security;

/// <summary>A key as it is kept: everything but the key.</summary>
/// <param name="Id">Public part of the key; stands in audit entries.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Scope">What it may do.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="Expires">From when on it is refused, UTC; null: never.</param>
public sealed record ApiKeyInfo(string Id, string Name, ApiScope Scope, DateTimeOffset Created, DateTimeOffset? Expires);

/// <summary>A new key.</summary>
/// <param name="Info">What is kept of it.</param>
/// <param name="Key">The key itself. It is shown once and kept nowhere.</param>
public sealed record CreatedApiKey(ApiKeyInfo Info, string Key);

/// <summary>
/// The API keys of a data folder, in <c>keys.json</c> (mode 0600, replaced as a whole). A change by another process is seen within a second;
/// a file that cannot be read then leaves the keys as they were. Safe for use by many threads.
/// </summary>
/// <remarks>
/// A key is <c>cgk_{id}_{secret}</c>, its secret 256 random bits. What is kept is its SHA-256: nobody can try out 2^256 secrets, so a slow
/// password hash would add nothing but load. The id finds the entry, and the hashes are compared in constant time.
/// </remarks>
public sealed class ApiKeyStore
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "keys.json";

    private const string Prefix = "cgk_";
    private const int IdLength = 10;
    private const int SecretBytes = 32;
    private const int MaximumKeyLength = 100;
    private const int MaximumName = 100;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Lock _reloading = new();
    private volatile Snapshot _snapshot;
    private long _checked;

    /// <param name="dataFolder">Folder of <c>keys.json</c>; made by <see cref="Create"/> when it is not there.</param>
    /// <param name="time">Clock; null: the system's.</param>
    /// <exception cref="InvalidDataException">The file is there but is not a key file; the message says what to do.</exception>
    public ApiKeyStore(string dataFolder, TimeProvider? time = null)
    {
        _folder = dataFolder;
        _time = time ?? TimeProvider.System;
        FilePath = Path.Combine(dataFolder, FileName);
        _snapshot = Read();
        _checked = _time.GetTimestamp();
    }

    /// <summary>The changed file could not be read; the keys stay as they were.</summary>
    public event Action<Exception>? ReloadFailed;

    /// <summary>Where the keys are kept.</summary>
    public string FilePath { get; }

    /// <summary>True when there is any key, also an expired one: an expired key must not open what it closed.</summary>
    public bool HasKeys => Current().Entries.Count > 0;

    /// <summary>Makes a key and keeps its hash.</summary>
    /// <exception cref="ArgumentException">The name is empty, longer than 100 characters or has control characters.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is changing it.</exception>
    public CreatedApiKey Create(string name, ApiScope scope, DateTimeOffset? expires = null)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaximumName || name.Any(char.IsControl))
        {
            throw new ArgumentException($"the name of a key has 1 to {MaximumName} characters, none of them a control character", nameof(name));
        }

        var id = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", IdLength);
        var key = $"{Prefix}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}";
        var info = new ApiKeyInfo(id, name, scope, _time.GetUtcNow(), expires);
        Change(entries => entries.Append(new Entry(info, Hash(key))));
        return new CreatedApiKey(info, key);
    }

    /// <summary>All keys, oldest first.</summary>
    public IReadOnlyList<ApiKeyInfo> List() => [.. Current().Entries.Values.Select(e => e.Info).OrderBy(i => i.Created).ThenBy(i => i.Id, StringComparer.Ordinal)];

    /// <summary>Removes a key; false when there was none with this id.</summary>
    /// <exception cref="IOException">The file cannot be written, or another process is changing it.</exception>
    public bool Revoke(string id)
    {
        var found = false;
        Change(entries => entries.Where(e =>
        {
            var match = e.Info.Id == id;
            found |= match;
            return !match;
        }));
        return found;
    }

    /// <summary>Whose key it is, or null when it is none, or has expired.</summary>
    public ApiKeyInfo? Verify(ReadOnlySpan<char> key)
    {
        if (key.Length > MaximumKeyLength || !key.StartsWith(Prefix, StringComparison.Ordinal) ||
            key.Length < Prefix.Length + IdLength + 1 || key[Prefix.Length + IdLength] != '_')
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> utf8 = stackalloc byte[MaximumKeyLength * 3];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(key, utf8)], hash);

        var entries = Current().Entries.GetAlternateLookup<ReadOnlySpan<char>>();
        return entries.TryGetValue(key.Slice(Prefix.Length, IdLength), out var entry) &&
            CryptographicOperations.FixedTimeEquals(hash, entry.Hash) &&
            !(entry.Info.Expires <= _time.GetUtcNow())
            ? entry.Info
            : null;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private Snapshot Current()
    {
        var before = Volatile.Read(ref _checked);
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(before, now) >= CheckInterval && Interlocked.CompareExchange(ref _checked, now, before) == before)
        {
            Reload();
        }

        return _snapshot;
    }

    private void Reload()
    {
        lock (_reloading)
        {
            try
            {
                if (Stamp.Of(FilePath) != _snapshot.Stamp)
                {
                    _snapshot = Read();
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                ReloadFailed?.Invoke(exception);
            }
        }
    }

    private Snapshot Read()
    {
        // The stamp first: a change after it is seen at the next check.
        var stamp = Stamp.Of(FilePath);
        if (stamp == default)
        {
            return new Snapshot(FrozenDictionary<string, Entry>.Empty, default);
        }

        try
        {
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), KeyJson.Default.KeyFile) ?? throw new JsonException();
            if (file.V != 1)
            {
                throw new InvalidDataException($"{FilePath} has version {file.V}, this program reads version 1: use the program that wrote it.");
            }

            var entries = file.Keys.Select(k => new Entry(
                new ApiKeyInfo(k.Id, k.Name, k.Scope, k.Created, k.Expires), Convert.FromHexString(k.Sha256)));
            return new Snapshot(entries.ToFrozenDictionary(e => e.Info.Id, StringComparer.Ordinal), stamp);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or ArgumentException)
        {
            throw new InvalidDataException(
                $"{FilePath} is not a file of API keys. Restore it from a backup, or delete it and make new keys with: cinegrain keys create --data {_folder}",
                exception);
        }
    }

    private void Change(Func<IEnumerable<Entry>, IEnumerable<Entry>> change)
    {
        Directory.CreateDirectory(_folder);
        lock (_reloading)
        {
            // Held while reading, changing and replacing, so that two processes do not undo each other.
            using var claim = Claim();
            var entries = change(Read().Entries.Values).ToArray();
            var file = new KeyFile
            {
                Keys = [.. entries.OrderBy(e => e.Info.Created).Select(e => new KeyEntry
                {
                    Id = e.Info.Id, Name = e.Info.Name, Scope = e.Info.Scope, Sha256 = Convert.ToHexStringLower(e.Hash),
                    Created = e.Info.Created, Expires = e.Info.Expires,
                })],
            };

            var temporary = $"{FilePath}.{Environment.ProcessId}.tmp";
            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var stream = new FileStream(temporary, options))
            {
                JsonSerializer.Serialize(stream, file, KeyJson.Default.KeyFile);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, FilePath, overwrite: true);
            _snapshot = Read();
        }
    }

    private FileStream Claim()
    {
        try
        {
            return new FileStream(FilePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new IOException($"{FilePath} cannot be changed now: another process changes it, or the folder is not writable. Try again.", exception);
        }
    }

    private sealed record Entry(ApiKeyInfo Info, byte[] Hash);

    private sealed record Snapshot(FrozenDictionary<string, Entry> Entries, Stamp Stamp);

    private readonly record struct Stamp(DateTime Written, long Length)
    {
        public static Stamp Of(string path)
        {
            var file = new FileInfo(path);
            return file.Exists ? new Stamp(file.LastWriteTimeUtc, file.Length) : default;
        }
    }
}

/// <summary>Form of <c>keys.json</c>.</summary>
internal sealed record KeyFile
{
    public int V { get; init; } = 1;

    public required IReadOnlyList<KeyEntry> Keys { get; init; }
}

internal sealed record KeyEntry
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required ApiScope Scope { get; init; }

    public required string Sha256 { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? Expires { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KeyFile))]
internal sealed partial class KeyJson : JsonSerializerContext;
