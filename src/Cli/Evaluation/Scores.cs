using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// What a method reached. Recall@10, NDCG@10 (1 / log₂(rank + 2) with one relevant movie, Järvelin and Kekäläinen 2002) and MRR (1 / (rank + 1)
/// within the list) are over the scored events of known users: those of whom an event was learned before.
/// </summary>
internal sealed class Scores(RatingData data, string method)
{
    /// <summary>Scored events of known users that moving measures are over.</summary>
    public const int Window = 2000;

    private readonly bool[] _recommended = new bool[data.Movies.Count];
    private readonly GenreDistance _genreDistance = new(data);
    private readonly MovingCoverage _coverage = new(Window, data.Movies.Count);
    private readonly ClusteredMean[] _segments = [.. Segment.All.Select(_ => new ClusteredMean(data.Users.Count))];
    private readonly List<bool> _hits = [];
    private readonly List<int> _distinct = [];
    private readonly List<long> _seconds = [];
    private double _reciprocal, _novelty, _distance;
    private long _listed, _distances;
    private int _hitsOfAll;

    /// <summary>Name of the method.</summary>
    public string Method { get; } = method;

    /// <summary>Events of at least the positives' stars.</summary>
    public int Scored { get; private set; }

    /// <summary>Those of known users.</summary>
    public int Known => _hits.Count;

    /// <summary>Movies of the catalogue.</summary>
    public int Movies => _recommended.Length;

    /// <summary>For each scored event of a known user, in order: whether its movie was on the list.</summary>
    public IReadOnlyList<bool> Hits => _hits;

    /// <summary>Distinct movies of the last <see cref="Window"/> lists, as of each of <see cref="Hits"/>.</summary>
    public IReadOnlyList<int> Distinct => _distinct;

    /// <summary>Event times of <see cref="Hits"/>, Unix seconds.</summary>
    public IReadOnlyList<long> Seconds => _seconds;

    public ClusteredMean Recall { get; } = new(data.Users.Count);

    public ClusteredMean Ndcg { get; } = new(data.Users.Count);

    public double Mrr => Share(_reciprocal, Known);

    /// <summary>Recall@10 over all scored events, those of newcomers too.</summary>
    public double RecallOfAll => Share(_hitsOfAll, Scored);

    /// <summary>Recall@10 of each of <see cref="Segment.All"/>.</summary>
    public IReadOnlyList<ClusteredMean> Segments => _segments;

    /// <summary>Share of the catalogue that was on some list.</summary>
    public double Coverage => Share(_recommended.Count(one => one), Movies);

    /// <summary>
    /// Mean −log₂ of the share that the recommended movies have of all events learned before (self-information, Vargas and Castells 2011), in
    /// bits; one event is added to each movie, so that one never taken has a share.
    /// </summary>
    public double Novelty => Share(_novelty, _listed);

    /// <summary>Mean intra-list distance by genres (<see cref="GenreDistance"/>).</summary>
    public double IntraListDistance => Share(_distance, _distances);

    /// <summary>Time of list and learning together, microseconds per event learned.</summary>
    public double MicrosecondsPerEvent { get; set; }

    /// <summary>Takes a list and the event that followed it, before the event is learned.</summary>
    public void Add(in Rating rating, ReadOnlySpan<int> list, Audience audience)
    {
        Scored++;
        var place = list.IndexOf(rating.Movie);
        var hit = place >= 0 ? 1 : 0;
        _hitsOfAll += hit;
        foreach (var movie in list)
        {
            _recommended[movie] = true;
        }

        for (var segment = 0; segment < _segments.Length; segment++)
        {
            if (Segment.All[segment].Holds(audience.EventsOf(rating.User), audience.Count(rating.Movie)))
            {
                _segments[segment].Add(rating.User, hit);
            }
        }

        if (!audience.IsKnown(rating.User))
        {
            return;
        }

        _hits.Add(place >= 0);
        _seconds.Add(rating.Seconds);
        Recall.Add(rating.User, hit);
        Ndcg.Add(rating.User, place >= 0 ? 1 / Math.Log2(place + 2) : 0);
        _reciprocal += place >= 0 ? 1.0 / (place + 1) : 0;
        foreach (var movie in list)
        {
            _novelty -= Math.Log2((audience.Count(movie) + 1.0) / (audience.Events + Movies));
        }

        _listed += list.Length;
        _coverage.Add(list);
        _distinct.Add(_coverage.Distinct);
        if (_genreDistance.Within(list) is { } distance)
        {
            _distance += distance;
            _distances++;
        }
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
