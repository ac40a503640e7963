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

    /// <summary>Takes in what changed after this: together they say the same as both, one after the other. Both are of one movie.</summary>
    public void Merge(TraitsDelta later)
    {
        (Movie, Count, FirstSeenSeconds, LatestSeconds, Audience) = (later.Movie, later.Count, later.FirstSeenSeconds, later.LatestSeconds, later.Audience);
        later.Popularity.CopyTo(Popularity, 0);
        Merge(In, later.In);
        Merge(Out, later.Out);

        static void Merge(List<NeighbourEntry> entries, List<NeighbourEntry> later)
        {
            // Appended as they are while there is nothing to replace, as at the first of them.
            var known = entries.Count;
            foreach (var entry in later)
            {
                var place = known == 0 ? -1 : entries.FindIndex(0, known, e => e.Movie == entry.Movie);
                if (place < 0)
                {
                    entries.Add(entry);
                }
                else
                {
                    entries[place] = entry;
                }
            }
        }
    }

    /// <summary>Empties the lists, for the next use.</summary>
    public void Clear()
    {
        In.Clear();
        Out.Clear();
    }
}
