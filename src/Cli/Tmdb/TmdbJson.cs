using System.Text.Json.Serialization;

namespace Cinegrain.Cli.Tmdb;

internal sealed record TmdbPage(IReadOnlyList<TmdbListed> Results, int TotalPages);

internal sealed record TmdbListed(long Id, bool? Adult);

/// <summary>What is read of a movie; everything else that TMDB says of it is left there.</summary>
internal sealed record TmdbMovie
{
    public long Id { get; init; }

    public string? Title { get; init; }

    public bool Adult { get; init; }

    public string? OriginalLanguage { get; init; }

    /// <summary>yyyy-MM-dd; empty when it is not known.</summary>
    public string? ReleaseDate { get; init; }

    public IReadOnlyList<TmdbName> Genres { get => field ?? []; init; }

    public TmdbCredits? Credits { get; init; }
}

internal sealed record TmdbName(string? Name);

internal sealed record TmdbCredits(IReadOnlyList<TmdbPerson>? Cast, IReadOnlyList<TmdbPerson>? Crew);

internal sealed record TmdbPerson(string? Name, int? Order, string? Job);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TmdbPage))]
[JsonSerializable(typeof(TmdbMovie))]
internal sealed partial class TmdbJson : JsonSerializerContext;
