using System.Runtime.InteropServices;

namespace Cinegrain.Model.Movies;

/// <summary>
/// What of a movie's public traits changed, as absolute values, so that applying it twice or late does no harm. Movies are handles of
/// the process's <see cref="Catalogue.MovieIndex"/>. The owner reuses the instance: whoever keeps it copies it.
/// </summary>
public sealed class TraitsDelta
{
    // Neighbours of one that is merged on and on, before it is made small again.
    private const int LeastMerged = 1_000;

    [ThreadStatic]
    private static Dictionary<int, int>? _places;

    private int _most = LeastMerged;

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

    /// <summary>
    /// Takes in what changed after this: together they say the same as both, one after the other. Both are of one movie. A neighbour may stand in it twice, the
    /// later one being right, until <see cref="Compact"/>.
    /// </summary>
    public void Merge(TraitsDelta later)
    {
        (Movie, Count, FirstSeenSeconds, LatestSeconds, Audience) = (later.Movie, later.Count, later.FirstSeenSeconds, later.LatestSeconds, later.Audience);
        later.Popularity.CopyTo(Popularity, 0);
        In.AddRange(later.In);
        Out.AddRange(later.Out);
        if (In.Count + Out.Count > _most)
        {
            Compact();
            _most = Math.Max(LeastMerged, 2 * (In.Count + Out.Count));
        }
    }

    /// <summary>Leaves each neighbour once.</summary>
    public void Compact()
    {
        KeepLast(In);
        KeepLast(Out);

        static void KeepLast(List<NeighbourEntry> entries)
        {
            var places = _places ??= [];
            places.Clear();
            var all = CollectionsMarshal.AsSpan(entries);
            foreach (var entry in all)
            {
                ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, entry.Movie, out var isKnown);
                place = isKnown ? place : places.Count - 1;
                all[place] = entry;
            }

            entries.RemoveRange(places.Count, entries.Count - places.Count);
        }
    }

    /// <summary>Empties the lists, for the next use.</summary>
    public void Clear()
    {
        In.Clear();
        Out.Clear();
        _most = LeastMerged;
    }
}
