namespace Cinegrain.Model.Movies;

/// <summary>
/// What of a movie's public traits changed, as absolute values, so that applying it twice or late does no harm. Movies are handles of
/// the process's <see cref="Catalogue.MovieIndex"/>. The owner reuses the instance: whoever keeps it copies it.
/// </summary>
public sealed class TraitsDelta
{
    internal readonly List<NeighbourEntry> In = new(ModelConstants.ContextLength);
    internal readonly List<NeighbourEntry> Out = new(ModelConstants.ContextLength);
    internal readonly double[] Popularity = new double[ModelConstants.PopularityDays.Length];

    /// <summary>Handle of the movie.</summary>
    public int Movie { get; internal set; }

    /// <summary>Interactions ever.</summary>
    public int Count { get; internal set; }

    /// <summary>Event time of the first interaction, Unix seconds; 0 when there is none.</summary>
    public long FirstSeenSeconds { get; internal set; }

    /// <summary>Event time that the popularities are relative to, Unix seconds.</summary>
    public long LatestSeconds { get; internal set; }

    /// <summary>Who takes the movie, and how they like it.</summary>
    internal AudienceSums Audience { get; set; }

    internal void Clear()
    {
        In.Clear();
        Out.Clear();
    }
}
