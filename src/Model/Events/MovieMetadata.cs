namespace Cinegrain.Model.Events;

/// <summary>What the catalogue knows of a movie (topic <c>cinegrain.movies</c>); the allow-list of what is kept.</summary>
public sealed record MovieMetadata
{
    /// <summary>Catalogue id.</summary>
    public required string Id { get; init; }

    /// <summary>Title, without the year.</summary>
    public required string Title { get; init; }

    /// <summary>Year of release, if known.</summary>
    public int? Year { get; init; }

    /// <summary>Day of release, if known.</summary>
    public DateOnly? Released { get; init; }

    /// <summary>Genres.</summary>
    public IReadOnlyList<string> Genres { get => field ?? []; init; }

    /// <summary>Original language (ISO 639-1), if known.</summary>
    public string? Language { get; init; }

    /// <summary>Directors.</summary>
    public IReadOnlyList<string> Directors { get => field ?? []; init; }

    /// <summary>Leading cast, in order of billing.</summary>
    public IReadOnlyList<string> Cast { get => field ?? []; init; }

    /// <summary>Directors, then cast: the people that taste is kept for.</summary>
    public IEnumerable<string> People() => Directors.Concat(Cast).Distinct(StringComparer.Ordinal).Take(8);
}
