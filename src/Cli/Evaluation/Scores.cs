using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// What a method reached. Recall@10, NDCG@10 (1 / log₂(rank + 2) with one relevant movie, Järvelin and Kekäläinen 2002) and MRR (1 / (rank + 1)
/// within the list) are over the scored events of known users: those of whom an event was learned before.
/// </summary>
internal sealed class Scores(RatingData data, string method)
{
    private readonly bool[] _recommended = new bool[data.Movies.Count];
    private readonly int[] _scoredOfUser = new int[data.Users.Count];
    private readonly int[] _hitsOfUser = new int[data.Users.Count];
    private readonly List<bool> _hits = [];
    private readonly List<long> _seconds = [];
    private double _gain, _reciprocal, _novelty;
    private long _listed;
    private int _hitsOfAll;

    /// <summary>Name of the method.</summary>
    public string Method { get; } = method;

    /// <summary>Events of at least the positives' stars.</summary>
    public int Scored { get; private set; }

    /// <summary>Those of known users.</summary>
    public int Known => _hits.Count;

    /// <summary>For each scored event of a known user, in order: whether its movie was on the list.</summary>
    public IReadOnlyList<bool> Hits => _hits;

    /// <summary>Event times of <see cref="Hits"/>, Unix seconds.</summary>
    public IReadOnlyList<long> Seconds => _seconds;

    public double Recall => Share(_hits.Count(hit => hit), Known);

    public double Ndcg => Share(_gain, Known);

    public double Mrr => Share(_reciprocal, Known);

    /// <summary>Recall@10 over all scored events, those of newcomers too.</summary>
    public double RecallOfAll => Share(_hitsOfAll, Scored);

    /// <summary>Share of the catalogue that was on some list.</summary>
    public double Coverage => Share(_recommended.Count(one => one), data.Movies.Count);

    /// <summary>
    /// Mean −log₂ of the share that the recommended movies have of all events learned before (self-information, Vargas and Castells 2011), in
    /// bits; one event is added to each movie, so that one never taken has a share.
    /// </summary>
    public double Novelty => Share(_novelty, _listed);

    /// <summary>Time of list and learning together, microseconds per event learned.</summary>
    public double MicrosecondsPerEvent { get; set; }

    /// <summary>
    /// Standard error of <see cref="Recall"/>, with users as clusters, since events of one user are alike: for the ratio r = Σh_u / Σn_u the
    /// variance is U / (U − 1) · Σ(h_u − r·n_u)² / (Σn_u)² (Cochran 1977, section 6).
    /// </summary>
    public double RecallStandardError
    {
        get
        {
            var recall = Recall;
            double sum = 0;
            var users = 0;
            for (var user = 0; user < _scoredOfUser.Length; user++)
            {
                if (_scoredOfUser[user] > 0)
                {
                    users++;
                    sum += Math.Pow(_hitsOfUser[user] - (recall * _scoredOfUser[user]), 2);
                }
            }

            return users < 2 ? 0 : Math.Sqrt(sum * users / (users - 1)) / Known;
        }
    }

    /// <summary>Takes a list and the event that followed it, before the event is learned.</summary>
    public void Add(in Rating rating, ReadOnlySpan<int> list, Audience audience)
    {
        Scored++;
        var place = list.IndexOf(rating.Movie);
        _hitsOfAll += place >= 0 ? 1 : 0;
        foreach (var movie in list)
        {
            _recommended[movie] = true;
        }

        if (!audience.IsKnown(rating.User))
        {
            return;
        }

        _hits.Add(place >= 0);
        _seconds.Add(rating.Seconds);
        _scoredOfUser[rating.User]++;
        if (place >= 0)
        {
            _hitsOfUser[rating.User]++;
            _gain += 1 / Math.Log2(place + 2);
            _reciprocal += 1.0 / (place + 1);
        }

        foreach (var movie in list)
        {
            _novelty -= Math.Log2((audience.Count(movie) + 1.0) / (audience.Events + data.Movies.Count));
        }

        _listed += list.Length;
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
