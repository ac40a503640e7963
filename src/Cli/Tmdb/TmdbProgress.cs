using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cinegrain.Cli.Tmdb;

/// <summary>Where an import is, in a file, so that the next one goes on there.</summary>
internal sealed record TmdbProgress
{
    /// <summary>What was asked for, as one text; another wish begins anew.</summary>
    public string? Wish { get; init; }

    /// <summary>Ids to be imported, in order.</summary>
    public IReadOnlyList<long> Ids { get => field ?? []; init; }

    /// <summary>How many of them are in the catalogue.</summary>
    public int Done { get; init; }

    /// <summary>Day from which changes were not asked for yet.</summary>
    public DateOnly? ChangesFrom { get; init; }

    /// <exception cref="CommandException">The file is damaged.</exception>
    public static async Task<TmdbProgress> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return new TmdbProgress();
        }

        try
        {
            return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), TmdbProgressJson.Default.TmdbProgress)
                ?? new TmdbProgress();
        }
        catch (JsonException error)
        {
            throw new CommandException($"{path} is damaged: delete it to begin anew, or name another with --progress.", error);
        }
    }

    /// <summary>Replaces the file in one step.</summary>
    public async Task WriteAsync(string path, CancellationToken cancellationToken)
    {
        var next = path + ".next";
        await File.WriteAllBytesAsync(next, JsonSerializer.SerializeToUtf8Bytes(this, TmdbProgressJson.Default.TmdbProgress), cancellationToken).ConfigureAwait(false);
        File.Move(next, path, overwrite: true);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TmdbProgress))]
internal sealed partial class TmdbProgressJson : JsonSerializerContext;
