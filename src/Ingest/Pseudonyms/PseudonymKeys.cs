using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cinegrain.Ingest;

/// <summary>
/// The file of pseudonym keys: JSON <c>{"keys":[{"id":1,"secret":"base64"}]}</c>, readable by its owner alone (mode 0600). Whoever has it can
/// tell which pseudonym a user id has; without it, stored data can no longer be matched to users.
/// </summary>
public static class PseudonymKeys
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "pseudonyms.json";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads the keys; makes the file with one random key of 32 bytes when there is none.</summary>
    /// <exception cref="PseudonymKeyFileException">The file is readable by others, or is not a key file; the message says what to do.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static IReadOnlyList<PseudonymKey> LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            var created = new[] { new PseudonymKey(1, RandomNumberGenerator.GetBytes(PseudonymKey.MinimumLength)) };
            try
            {
                Save(path, created, replace: false);
                return created;
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process was faster: its key counts.
            }
        }

        return Load(path);
    }

    /// <summary>Reads the keys of an existing file, in the order of the file.</summary>
    /// <exception cref="PseudonymKeyFileException">The file is readable by others, or is not a key file; the message says what to do.</exception>
    public static IReadOnlyList<PseudonymKey> Load(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new PseudonymKeyFileException(
                $"{path} can be read or written by other users; make it private (chmod 600), and if others may have read it, treat its keys as known.");
        }

        KeyFile? file;
        try
        {
            file = JsonSerializer.Deserialize(File.ReadAllBytes(path), KeyFileFormat.Default.KeyFile);
        }
        catch (JsonException e)
        {
            throw Corrupt(path, $"it is not JSON of the expected form (line {e.LineNumber + 1})");
        }

        if (file is null || file.Keys.Count == 0)
        {
            throw Corrupt(path, "it has no key");
        }

        var keys = new List<PseudonymKey>(file.Keys.Count);
        foreach (var entry in file.Keys)
        {
            try
            {
                keys.Add(new PseudonymKey(entry.Id, Convert.FromBase64String(entry.Secret)));
            }
            catch (FormatException)
            {
                throw Corrupt(path, $"the secret of key {entry.Id} is not base64");
            }
            catch (ArgumentException e)
            {
                throw Corrupt(path, e.Message);
            }
        }

        if (keys.DistinctBy(key => key.Id).Count() != keys.Count)
        {
            throw Corrupt(path, "two keys have one id");
        }

        return keys;
    }

    /// <summary>
    /// Adds a new random key. Users known under an older key keep their pseudonym; new ones get the new key.
    /// </summary>
    /// <returns>All keys, the new one last.</returns>
    public static IReadOnlyList<PseudonymKey> Rotate(string path)
    {
        var keys = Load(path);
        PseudonymKey[] all =
            [.. keys, new PseudonymKey(keys.Max(key => key.Id) + 1, RandomNumberGenerator.GetBytes(PseudonymKey.MinimumLength))];
        Save(path, all, replace: true);
        return all;
    }

    private static void Save(string path, IReadOnlyList<PseudonymKey> keys, bool replace)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);

        // Written whole under another name first: a crash leaves the old file or none, never half a key.
        var draft = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            using (var stream = new FileStream(draft, options))
            {
                var file = new KeyFile { Keys = [.. keys.Select(key => new KeyEntry { Id = key.Id, Secret = Convert.ToBase64String(key.Secret) })] };
                JsonSerializer.Serialize(stream, file, KeyFileFormat.Default.KeyFile);
                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, path, replace);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static PseudonymKeyFileException Corrupt(string path, string why) => new(
        $"{path} is not a usable file of pseudonym keys: {why}. Restore it from a backup; a new key would give every known user a new pseudonym.");
}

/// <summary>The file of pseudonym keys cannot be used; the message says why and what to do, and shows no key.</summary>
public sealed class PseudonymKeyFileException(string message) : Exception(message);

internal sealed record KeyFile
{
    public required IReadOnlyList<KeyEntry> Keys { get; init; }
}

internal sealed record KeyEntry
{
    public required int Id { get; init; }

    public required string Secret { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(KeyFile))]
internal sealed partial class KeyFileFormat : JsonSerializerContext;
