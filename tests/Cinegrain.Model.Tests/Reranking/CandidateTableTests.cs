using Cinegrain.Model.Blending;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Tests.Reranking;

/// <summary>The features of stage 2 against the formulas as they are written down, in double precision, from the events alone.</summary>
public sealed class CandidateTableTests
{
    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void Fill_OfRandomWorlds_IsWhatTheFormulasSay(int seed)
    {
        var world = new World(seed, movies: 140, users: 6, events: 1500, days: 3);
        using var model = new SequentialModel(new ModelOptions());
        Array.ForEach(world.Movies, model.Put);
        Array.ForEach(world.Events, e => model.Learn(e, test: true));
        var naive = new Naive(world);
        var compared = 0;
        foreach (var state in World.States(model))
        {
            var bucket = BlendWeights.Bucket(state.HistoryCount, world.NowSeconds - state.LastEventSeconds);
            var ranker = new TwoStageRanker();
            using var lease = model.Shared.View.Read();
            var found = ranker.Rank(
                model.Shared, state, new RecommendationQuery(), bucket, ModelVariant.Stage1, describe: true, world.NowSeconds, CandidateTable.Candidates);
            string[] candidates = [.. ranker.Table.Movies.Take(found).Select(model.Shared.Index.Id)];
            foreach (var (feature, expected) in naive.Features(state.User, candidates, model.Movies.ToDictionary(m => m.Key, m => model.Shared.View.Row(m.Value.Handle)?.Count ?? 0)))
            {
                for (var j = 0; j < found; j++)
                {
                    compared++;
                    var actual = ranker.Table.Column(feature)[j];
                    Assert.True(Math.Abs(expected[j] - actual) < 3e-3, $"feature {feature} of {candidates[j]} for {state.User} is {actual} instead of {expected[j]}");
                }
            }

            for (var j = 0; j < found; j++)
            {
                var (a, e) = (model.Rerank.Parameters.Calibrations[2 * ranker.Table.Movies[j]], model.Rerank.Parameters.Calibrations[(2 * ranker.Table.Movies[j]) + 1]);
                Assert.Equal(Math.Log((a + 3) / (e + 3)), ranker.Table.Column(RerankFeatures.Calibration)[j], 1e-4);
                Assert.Equal(Math.Max(-8, ranker.TopScores[j] - ranker.TopScores[0]), ranker.Table.Column(RerankFeatures.Score)[j], 1e-5f);
            }
        }

        Assert.True(compared > 5000);
    }

    [Fact]
    public void Fill_WithAnAblatedGroup_LeavesItAtZero()
    {
        var world = new World(33, movies: 60, users: 4, events: 300);
        using var model = new SequentialModel(new ModelOptions { Ablate = ["near", "user"] });
        Array.ForEach(world.Movies, model.Put);
        Array.ForEach(world.Events, e => model.Learn(e, test: true));
        var state = model.User("k1-u1").State;
        var ranker = new TwoStageRanker();
        using var lease = model.Shared.View.Read();
        ranker.Rank(model.Shared, state, new RecommendationQuery(), 4, ModelVariant.Stage2, describe: false, world.NowSeconds, 10);
        foreach (var feature in Enumerable.Range(0, RerankFeatures.Number))
        {
            var left = RerankFeatures.Groups["near"].Concat(RerankFeatures.Groups["user"]).Contains(feature);
            if (left)
            {
                Assert.All(ranker.Table.Column(feature).ToArray(), value => Assert.Equal(0, value));
            }
        }

        Assert.Contains(ranker.Table.Column(RerankFeatures.Next).ToArray(), value => value != 0);
        Assert.Throws<ArgumentException>(() => new ModelOptions { Ablate = ["nonsense"] }.Validate());
    }

    private sealed class Naive
    {
        private readonly World _world;
        private readonly Dictionary<string, List<(string Movie, long Seconds)>> _histories = [];
        private readonly Dictionary<(string User, string Movie), double> _opinions = [];
        private readonly Dictionary<(string From, string To), double[]> _rows = [];
        private readonly Dictionary<string, List<(long Seconds, double Preference, int History)>> _taken = [];

        public Naive(World world)
        {
            _world = world;
            foreach (var e in world.Events)
            {
                var seconds = e.At.ToUnixTimeSeconds();
                var isFirst = !_opinions.ContainsKey((e.User, e.Movie));
                if (isFirst || e.Kind != InteractionKind.Click)
                {
                    _opinions[(e.User, e.Movie)] = Normalisation.Preference(e.Kind, e.Value is { } value ? Math.Round(value, 2) : null);
                }

                if (!isFirst)
                {
                    continue;
                }

                var history = _histories.TryGetValue(e.User, out var known) ? known : _histories[e.User] = [];
                for (var d = 1; d <= Math.Min(20, history.Count); d++)
                {
                    var (before, at) = history[^d];
                    var w = Math.Exp(-(d - 1) / 30.0);
                    var near = seconds - at <= 750 ? Math.Exp(-(seconds - at) / 120.0) : 0;
                    Add(before, e.Movie, w, Math.Exp(-(d - 1) / 2.0), near, e.Preference >= 0.5 ? w : 0);
                    Add(e.Movie, before, 0.8 * w, 0, 0.8 * near, _opinions[(e.User, before)] >= 0.5 ? 0.8 * w : 0);
                }

                (_taken.TryGetValue(e.Movie, out var taken) ? taken : _taken[e.Movie] = []).Add((seconds, e.Preference, history.Count));
                history.Add((e.Movie, seconds));
            }

            void Add(string from, string to, params double[] amounts)
            {
                var cell = _rows.TryGetValue((from, to), out var known) ? known : _rows[(from, to)] = new double[4];
                for (var channel = 0; channel < 4; channel++)
                {
                    cell[channel] += Math.Round(256 * amounts[channel]);
                }
            }
        }

        public IEnumerable<(int Feature, double[] Values)> Features(string user, string[] candidates, Dictionary<string, int> rowLengths)
        {
            var history = _histories.GetValueOrDefault(user) ?? [];
            var last = history.AsEnumerable().Reverse().Take(20).ToArray();
            var m = history.Count;
            double N(string movie) => _taken.GetValueOrDefault(movie)?.Count ?? 0;
            double C(int d, string j, int channel = 0) => _rows.GetValueOrDefault((last[d - 1].Movie, j))?[channel] ?? 0;
            double[] Of(Func<string, double> value) => [.. candidates.Select(value)];
            double[] Lg(Func<string, double> a)
            {
                var values = Of(a);
                return [.. values.Select(v => values.Max() > 0 ? Math.Log(0.05 + (v / values.Max())) : 0)];
            }

            double Sum(string j, double decay, int channel, Func<int, bool>? which = null, int until = 20) => Math.Pow(N(j) + 3, -0.4) * Enumerable
                .Range(1, Math.Min(until, last.Length)).Where(which ?? (_ => true))
                .Sum(d => Math.Exp(-(d - 1) / decay) * Math.Pow(N(last[d - 1].Movie) + 3, -0.6) * C(d, j, channel));
            double Opinion(int d) => _opinions[(user, last[d - 1].Movie)];

            yield return (RerankFeatures.Last, [.. Lg(j => last.Length > 0 ? Math.Pow(N(j) + 3, -0.4) * C(1, j) : 0).Select(v => v / 2)]);
            yield return (RerankFeatures.SecondLast, [.. Lg(j => last.Length > 1 ? Math.Pow(N(j) + 3, -0.4) * C(2, j) : 0).Select(v => v / 2)]);
            yield return (RerankFeatures.Next, Lg(j => Sum(j, 3, 1, until: 10)));
            yield return (RerankFeatures.Near, Lg(j => Sum(j, 6, 2)));
            yield return (RerankFeatures.FromLiked, Lg(j => Sum(j, 15, 0, d => Opinion(d) >= 0.5)));
            yield return (RerankFeatures.FromDisliked, Lg(j => Sum(j, 15, 0, d => Opinion(d) < 0)));
            yield return (RerankFeatures.ToLiked, Lg(j => Sum(j, 15, 3)));
            yield return (RerankFeatures.Support, Of(j => 0.5 * Math.Log(0.1 + Enumerable.Range(1, last.Length).Sum(d => Math.Exp(-(d - 1) / 15.0) * C(d, j) / 256))));
            yield return (RerankFeatures.Confidence, Of(j => 1 + (0.5 * Math.Log(0.003 + (C(1, j) / 256 / N(last[0].Movie))))));
            yield return (RerankFeatures.Hour, Of(j => Math.Log(0.05 + (Popularity(j, 1 / 24.0) / _taken.Keys.Max(x => Popularity(x, 1 / 24.0))))));
            yield return (RerankFeatures.Fortnight, Of(j => Math.Log(0.05 + (Popularity(j, 14) / _taken.Keys.Max(x => Popularity(x, 14))))));
            yield return (RerankFeatures.LastTaken, Of(j => N(j) == 0 ? 1 - (0.3 * 12)
                : 1 - (0.3 * Math.Log(1 + ((_world.NowSeconds - _taken[j].Max(t => t.Seconds)) / 3600.0)))));
            yield return (RerankFeatures.Interactions, Of(j => (0.4 * Math.Log(1 + N(j))) - 1));
            yield return (RerankFeatures.RowLength, Of(j => (0.3 * Math.Log(1 + rowLengths.GetValueOrDefault(j))) - 1));

            // Stars of a preference p are 3 + 2p.
            var everyone = _taken.Values.SelectMany(t => t).ToArray();
            var mean = everyone.Average(t => t.Preference);
            yield return (RerankFeatures.Rating, Of(j => 2 * (_taken.GetValueOrDefault(j)?.Sum(t => 2 * (t.Preference - mean)) ?? 0) / (N(j) + 5)));

            static int Bucket(int length) => Math.Min(7, (int)Math.Floor(Math.Log2(1 + length)));
            var p = Math.Max(1e-6, everyone.Count(t => Bucket(t.History) == Bucket(m)) / (double)everyone.Length);
            yield return (RerankFeatures.Stage, Of(j => Math.Log(
                ((_taken.GetValueOrDefault(j)?.Count(t => Bucket(t.History) == Bucket(m)) ?? 0) + (3 * p)) / ((N(j) + 3) * p))));
            yield return (RerankFeatures.StageDistance, Of(j =>
                -Math.Abs(Math.Log(1 + m) - ((_taken.GetValueOrDefault(j)?.Sum(t => Math.Log(1 + t.History)) ?? 0) / Math.Max(1, N(j))))));
            yield return (RerankFeatures.PopularityDistance, Usual(-0.4, (j, _) => Math.Log(0.01 + Popularity(j, 90))));
            yield return (RerankFeatures.AgeDistance, Usual(-0.3, (j, at) =>
                N(j) == 0 ? 0 : Math.Log(1 + (Math.Max(0, at - _taken[j].Min(t => t.Seconds)) / 86400.0))));

            int? Year(string movie) => _world.Movies.Single(x => x.Id == movie).Year;
            var newest = _world.Movies.Max(x => x.Year!.GetValueOrDefault());
            yield return (RerankFeatures.NewRelease, Of(j => Year(j) is { } year ? Math.Exp(-(newest - year) / 1.5) : 0));
            yield return (RerankFeatures.LastEra, Of(j => Year(j) is { } year && Year(last[0].Movie) is { } other ? -0.5 * Math.Log(1 + Math.Abs(year - other)) : -0.8));
            yield return (RerankFeatures.LastGenre, Of(j =>
            {
                var (a, b) = (_world.Movies.Single(x => x.Id == j).Genres, _world.Movies.Single(x => x.Id == last[0].Movie).Genres);
                return a.Count == 0 || b.Count == 0 ? 0 : a.Intersect(b).Count() / Math.Sqrt((double)a.Count * b.Count);
            }));

            double[] Usual(double scale, Func<string, long, double> value)
            {
                var weights = Enumerable.Range(0, last.Length).Select(d => Math.Exp(-d / 10.0)).ToArray();
                var usual = last.Select((x, d) => weights[d] * value(x.Movie, x.Seconds)).Sum() / weights.Sum();
                return Of(j => scale * Math.Abs(value(j, _world.NowSeconds) - usual));
            }
        }

        private double Popularity(string movie, double days) =>
            _taken.GetValueOrDefault(movie)?.Sum(t => Math.Exp(-(_world.NowSeconds - t.Seconds) / 86400.0 / days)) ?? 0;
    }
}
