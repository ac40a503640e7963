using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Synthetic;

/// <summary>
/// A simulated audience with hidden tastes. A viewer weighs genres, people, years and what is popular; looks at a few movies not
/// seen yet (popular ones, some of the favourite genres, a few at random, the follow-up of the last one), takes one by softmax over
/// how well it fits, and rates it by the same fit with noise. Who a viewer is depends on the seed and the viewer's number alone, so
/// the audience itself takes no memory; a run keeps what each viewer has seen. The same arguments give the same events,
/// on one platform.
/// Immutable and safe for concurrent use.
/// </summary>
public sealed class Audience
{
    /// <summary>Most movies that one viewer takes, unless 60 % of the catalogue are fewer.</summary>
    public const int MaximumPerViewer = 2000;

    // Viewers active at a time; their events come interleaved, as in a live stream.
    private const int Active = 64;

    private const double FollowUpAppeal = 4;

    private readonly IReadOnlyList<MovieMetadata> _movies;
    private readonly int _viewers;
    private readonly ulong _seed;
    private readonly Dictionary<string, int> _indexes;
    private readonly string[] _genres;
    private readonly Traits[] _traits;
    private readonly int[] _byPopularity;
    private readonly int[][] _byGenre;
    private readonly int[] _followUps;

    /// <param name="movies">The catalogue, at least ten movies, each id once.</param>
    /// <param name="viewers">How many viewers, at least one.</param>
    public Audience(IReadOnlyList<MovieMetadata> movies, int viewers, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(movies);
        ArgumentOutOfRangeException.ThrowIfLessThan(movies.Count, 10);
        ArgumentOutOfRangeException.ThrowIfLessThan(viewers, 1);
        _movies = movies;
        _viewers = viewers;
        _seed = seed;
        _indexes = new Dictionary<string, int>(movies.Count, StringComparer.Ordinal);
        for (var i = 0; i < movies.Count; i++)
        {
            _indexes.Add(movies[i].Id, i);
        }

        _genres = [.. movies.SelectMany(movie => movie.Genres).Distinct().Order(StringComparer.Ordinal)];
        var genreIds = _genres.Index().ToDictionary(g => g.Item, g => g.Index, StringComparer.Ordinal);
        _traits = [.. movies.Select(movie => new Traits(
            [.. movie.Genres.Select(genre => genreIds[genre])],
            [.. movie.People().Select(HashOf)],
            movie.Year,
            0.5 * Normal(Aspect.Quality, HashOf(movie.Id))))];

        // Good movies and recent ones tend to be popular; the rest is fame.
        var fame = movies.Index().Select(m => (2 * _traits[m.Index].Quality)
            + Normal(Aspect.Fame, HashOf(m.Item.Id))
            + (0.02 * ((m.Item.Year ?? 1970) - 2000))).ToArray();
        _byPopularity = [.. Enumerable.Range(0, movies.Count).OrderByDescending(i => fame[i]).ThenBy(i => movies[i].Id, StringComparer.Ordinal)];
        _byGenre = [.. _genres.Select((_, g) => _byPopularity.Where(i => _traits[i].Genres.Contains(g)).ToArray())];
        _followUps = FollowUps();
    }

    private enum Aspect : ulong
    {
        Quality = 1,
        Fame,
        Order,
        Genre,
        Person,
        Era,
        EraSpread,
        Popularity,
        FollowUp,
        Run,
    }

    /// <summary>Number of viewers.</summary>
    public int Viewers => _viewers;

    /// <summary>
    /// The events of a run: <paramref name="count"/> of them, or fewer when every viewer has taken all it may. A few viewers are active at a time, for
    /// about four events each; how active a viewer is falls with its rank r like r^−0.6.
    /// </summary>
    /// <param name="count">How many; for 20 events a viewer on average, 20 times the viewers.</param>
    public IEnumerable<SyntheticEvent> Events(long count)
    {
        var draw = new DrawStream(Draw.Hash(_seed, (ulong)Aspect.Run));
        var histories = new History[_viewers];
        var limit = Math.Min(MaximumPerViewer, _movies.Count * 6 / 10);
        var exhausted = 0;
        var active = new Viewer?[Math.Min(Active, _viewers)];
        for (long done = 0; done < count;)
        {
            var slot = draw.Below(active.Length);
            var viewer = active[slot];
            if (viewer is null || histories[viewer.Number].Count >= limit || draw.Uniform() < 0.25)
            {
                if (exhausted == _viewers)
                {
                    yield break;
                }

                active[slot] = viewer = Come(histories, limit, ref draw);
            }

            ref var history = ref histories[viewer.Number];
            var e = Act(viewer, ref history, ref draw);
            if (history.Count >= limit)
            {
                exhausted++;
                active[slot] = null;
            }

            done++;
            yield return e;
        }
    }

    /// <summary>What is hidden in a viewer.</summary>
    public HiddenTaste TasteOf(int viewer)
    {
        var v = Know(viewer);
        return new HiddenTaste(
            _genres.Index().ToDictionary(g => g.Item, g => v.Genres[g.Index]),
            [.. v.Favourites.Select(g => _genres[g])],
            v.Year,
            v.YearSpread,
            v.PopularityBias,
            v.FollowUp);
    }

    /// <summary>How well a movie fits a viewer; ratings rise with it. About 0 for a movie at random, 1 for one that is chosen.</summary>
    /// <exception cref="KeyNotFoundException">The catalogue has no such movie.</exception>
    public double Affinity(int viewer, string movie) => Affinity(Know(viewer), _indexes[movie]);

    /// <summary>The movies that fit a viewer best, best first, whether seen or not.</summary>
    public IReadOnlyList<string> Favourites(int viewer, int count)
    {
        var v = Know(viewer);
        return [.. Enumerable.Range(0, _movies.Count).OrderByDescending(i => Affinity(v, i)).Take(count).Select(i => _movies[i].Id)];
    }

    /// <summary>The movie that viewers are drawn to after this one: by the same director, or near it in genre and time.</summary>
    /// <exception cref="KeyNotFoundException">The catalogue has no such movie.</exception>
    public string FollowUpOf(string movie) => _movies[_followUps[_indexes[movie]]].Id;

    private static ulong HashOf(string text)
    {
        // FNV-1a, 64 bit: the hash of strings of the platform is another one in each process.
        var hash = 14695981039346656037;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return hash;
    }

    private double Uniform(Aspect aspect, ulong a, ulong b = 0) => Draw.Uniform(Draw.Hash(_seed ^ ((ulong)aspect << 56), a, b));

    private double Normal(Aspect aspect, ulong a, ulong b = 0) => Draw.Normal(Draw.Hash(_seed ^ ((ulong)aspect << 56), a, b));

    /// <summary>Rings of movies of one director by year; of those with no other, of one genre and decade in an order of chance.</summary>
    private int[] FollowUps()
    {
        var directed = Enumerable.Range(0, _movies.Count).GroupBy(i => _movies[i].Directors.Count > 0 ? _movies[i].Directors[0] : "").ToList();
        var alone = directed.Where(group => group.Key.Length == 0 || group.Count() == 1).SelectMany(group => group);
        var rings = directed
            .Where(group => group.Key.Length > 0 && group.Count() > 1)
            .Select(group => group.OrderBy(i => _movies[i].Year ?? 0).ThenBy(i => _movies[i].Id, StringComparer.Ordinal).ToArray())
            .Concat(alone
                .GroupBy(i => (_movies[i].Genres.Count > 0 ? _movies[i].Genres[0] : "", (_movies[i].Year ?? 0) / 10))
                .Select(group => group.OrderBy(i => Uniform(Aspect.Order, HashOf(_movies[i].Id))).ToArray()));
        var followUps = new int[_movies.Count];
        foreach (var ring in rings)
        {
            for (var k = 0; k < ring.Length; k++)
            {
                followUps[ring[k]] = ring[(k + 1) % ring.Length];
            }
        }

        return followUps;
    }

    private Viewer Know(int viewer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(viewer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(viewer, _viewers);
        var number = (ulong)viewer;
        var genres = new double[_genres.Length];
        for (var g = 0; g < genres.Length; g++)
        {
            genres[g] = Normal(Aspect.Genre, number, (ulong)g);
        }

        int[] favourites = [.. Enumerable.Range(0, genres.Length).OrderByDescending(g => genres[g]).Take(2)];
        return new Viewer(
            viewer,
            genres,
            favourites,
            2020 - (45 * Math.Pow(Uniform(Aspect.Era, number), 1.5)),
            5 + (20 * Uniform(Aspect.EraSpread, number)),
            Uniform(Aspect.Popularity, number),
            0.15 + (0.5 * Uniform(Aspect.FollowUp, number)));
    }

    private double Affinity(Viewer viewer, int movie)
    {
        var traits = _traits[movie];
        var genres = 0.0;
        foreach (var genre in traits.Genres)
        {
            genres += viewer.Genres[genre];
        }

        // The more genres, the closer their sum is to nothing in particular.
        var affinity = traits.Quality + (traits.Genres.Length == 0 ? 0 : genres / Math.Sqrt(traits.Genres.Length));
        foreach (var person in traits.People)
        {
            var liking = Uniform(Aspect.Person, (ulong)viewer.Number, person);
            affinity += liking < 0.04 ? 1.2 : liking > 0.98 ? -0.8 : 0;
        }

        var away = traits.Year is { } year ? Math.Abs(year - viewer.Year) / viewer.YearSpread : 2;
        return affinity + 0.5 - (0.5 * Math.Log(1 + away));
    }

    private Viewer Come(History[] histories, int limit, ref DrawStream draw)
    {
        for (var attempt = 0; attempt < 32; attempt++)
        {
            var viewer = At((int)(_viewers * Math.Pow(draw.Uniform(), 2.5)));
            if (histories[viewer].Count < limit)
            {
                return Know(viewer);
            }
        }

        // Most of the active ones are through: the next of the others.
        for (var rank = draw.Below(_viewers); ; rank = (rank + 1) % _viewers)
        {
            if (histories[At(rank)].Count < limit)
            {
                return Know(At(rank));
            }
        }
    }

    /// <summary>The viewer of a rank of activity: each number once, all over the range.</summary>
    private int At(int rank)
    {
        // A prime larger than any number of viewers has no factor in common with it.
        const long Stride = 2_654_435_761;
        return (int)(((rank * Stride) + (long)(_seed % 1_000_003)) % _viewers);
    }

    private SyntheticEvent Act(Viewer viewer, ref History history, ref DrawStream draw)
    {
        Span<int> candidates = stackalloc int[16];
        var found = Look(viewer, history, candidates, ref draw);
        candidates = candidates[..found];
        var followUp = history.Last >= 0 ? _followUps[history.Last] : -1;
        var drawn = draw.Uniform() < viewer.FollowUp;
        var (best, worst) = (-1, -1);
        var (highest, lowest) = (double.NegativeInfinity, double.PositiveInfinity);
        foreach (var candidate in candidates)
        {
            var affinity = Affinity(viewer, candidate);
            if (affinity < lowest)
            {
                (worst, lowest) = (candidate, affinity);
            }

            // The highest of utilities with Gumbel noise is a draw by softmax (Gumbel 1954).
            var appeal = (1.2 * affinity) + (drawn && candidate == followUp ? FollowUpAppeal : 0) - Math.Log(-Math.Log(draw.Uniform()));
            if (appeal > highest)
            {
                (best, highest) = (candidate, appeal);
            }
        }

        var kind = draw.Uniform() switch
        {
            < 0.52 => InteractionKind.Rate,
            < 0.74 => InteractionKind.Watch,
            < 0.84 => InteractionKind.Like,
            < 0.92 => InteractionKind.Click,
            < 0.96 => InteractionKind.Skip,
            _ => InteractionKind.Watchlist,
        };
        var movie = kind == InteractionKind.Skip ? worst : best;
        var fit = Affinity(viewer, movie) + (0.6 * draw.Normal());
        double? value = null;
        switch (kind)
        {
            case InteractionKind.Rate:
                value = Math.Clamp(Math.Round(2 * (2.8 + (0.6 * fit))) / 2, 0.5, 5);
                break;
            case InteractionKind.Watch:
                value = Math.Round(1 / (1 + Math.Exp(-0.5 - (1.5 * fit))), 2);
                break;
            case InteractionKind.Like when fit < 0.3:
                kind = InteractionKind.Dislike;
                break;
            default:
                break;
        }

        if (kind is not (InteractionKind.Click or InteractionKind.Watchlist))
        {
            history.Add(movie);
        }

        if (kind is InteractionKind.Rate or InteractionKind.Watch or InteractionKind.Like or InteractionKind.Dislike)
        {
            history.Last = movie;
        }

        return new SyntheticEvent(viewer.Number, _movies[movie].Id, kind, value);
    }

    /// <summary>Finds movies that the viewer has not taken, at least one.</summary>
    private int Look(Viewer viewer, in History history, Span<int> candidates, ref DrawStream draw)
    {
        var found = 0;
        if (history.Last >= 0 && !history.Has(_followUps[history.Last]))
        {
            candidates[found++] = _followUps[history.Last];
        }

        // The power says how far down the list the viewer looks.
        var power = 2.5 + (3 * viewer.PopularityBias);
        for (var i = found; i < candidates.Length; i++)
        {
            var list = i < 10 || viewer.Favourites.Length == 0 ? _byPopularity : _byGenre[viewer.Favourites[i % viewer.Favourites.Length]];
            var place = i >= 14 ? draw.Uniform() : Math.Pow(draw.Uniform(), power);
            var candidate = list[(int)(list.Length * place)];
            if (!history.Has(candidate))
            {
                candidates[found++] = candidate;
            }
        }

        if (found == 0)
        {
            // All the popular ones are taken: the first other one from a place of chance.
            var place = draw.Below(_movies.Count);
            while (history.Has(_byPopularity[place]))
            {
                place = (place + 1) % _movies.Count;
            }

            candidates[found++] = _byPopularity[place];
        }

        return found;
    }

    private sealed record Traits(int[] Genres, ulong[] People, int? Year, double Quality);

    private sealed record Viewer(
        int Number, double[] Genres, int[] Favourites, double Year, double YearSpread, double PopularityBias, double FollowUp);

    /// <summary>What a viewer has taken: four bytes a movie.</summary>
    private struct History
    {
        private int[]? _taken;

        private int _afterLast;

        public int Count { get; private set; }

        /// <summary>The movie taken last, or −1.</summary>
        public int Last
        {
            readonly get => _afterLast - 1;
            set => _afterLast = value + 1;
        }

        public readonly bool Has(int movie) => _taken is not null && _taken.AsSpan(0, Count).Contains(movie);

        public void Add(int movie)
        {
            if (_taken is null)
            {
                _taken = new int[6];
            }
            else if (Count == _taken.Length)
            {
                Array.Resize(ref _taken, Count + (Count / 2));
            }

            _taken[Count++] = movie;
        }
    }
}
