using System.Diagnostics;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Users;

namespace Cinegrain.Bench;

/// <summary>
/// What the catalogue's changes come to as a cluster grows, by simulation: the real actors learn as many interactions as all silos together take in one round
/// of the publisher, each movie's changes are merged as its silo does, encoded, and applied as every silo does. Who hosts a movie does not matter for the sum.
/// </summary>
internal static class ScalingBench
{
    private const int PerSilo = 8_000, RoundsPerSecond = 4, MostRounds = 4, TrainingEvents = 4_000;

    public static void Run(int films, int viewers, int warmUp)
    {
        var movies = World.Movies(films);
        using var model = World.Model(movies);
        var cluster = new Cluster(model);
        using var events = World.Interactions(movies, viewers, long.MaxValue).GetEnumerator();
        cluster.Round(events, warmUp);
        for (var i = 0; i < TrainingEvents && events.MoveNext(); i++)
        {
            model.Learn(events.Current, test: true);
        }

        Console.WriteLine($"scaling: weights of stage 1 {model.Blend.ToBytes().Length:N0} bytes, of stage 2 {model.Rerank.ToBytes().Length:N0} bytes");
        foreach (var silos in new[] { 1, 10, 100, 1_000 })
        {
            var each = silos * PerSilo / RoundsPerSecond;
            var rounds = Math.Clamp(1_000_000 / each, 1, MostRounds);
            var (changed, bytes, users, apply) = (0L, 0L, 0L, TimeSpan.Zero);
            for (var round = 0; round < rounds; round++)
            {
                var result = cluster.Round(events, each);
                (changed, bytes, users, apply) = (changed + result.Movies, bytes + result.Bytes, users + result.Users, apply + result.Apply);
            }

            Console.WriteLine(
                $"scaling: {silos,5:N0} silos, {silos * PerSilo,9:N0} interactions/s: {changed / rounds,6:N0} of {films:N0} films and {users / rounds:N0} users in a round of "
                + $"{1_000 / RoundsPerSecond} ms, {(double)bytes / changed:N0} bytes each; every silo reads {(double)bytes / rounds * RoundsPerSecond / 1_000_000:N1} MB/s and "
                + $"spends {apply.TotalSeconds / rounds * RoundsPerSecond:P0} of a core on it ({apply.TotalMicroseconds / changed:N1} µs each)");
        }
    }

    private sealed class Cluster(SequentialModel model)
    {
        private readonly Dictionary<string, UserActor> _users = new(StringComparer.Ordinal);
        private readonly Dictionary<string, MovieState> _movies = new(StringComparer.Ordinal);
        private readonly TraitsDelta _delta = new(), _read = new();
        private long _offset;

        public (int Movies, long Bytes, int Users, TimeSpan Apply) Round(IEnumerator<Interaction> events, int count)
        {
            var changes = new Dictionary<string, TraitsDelta>(StringComparer.Ordinal);
            var users = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < count && events.MoveNext(); i++)
            {
                users.Add(events.Current.User);
                Learn(events.Current, changes);
            }

            var bytes = 0L;
            var apply = TimeSpan.Zero;
            foreach (var (movie, change) in changes)
            {
                change.Compact();
                var encoded = TraitsCodec.Encode(change, _offset, model.Shared.Index);
                bytes += encoded.Length;
                var began = Stopwatch.GetTimestamp();
                TraitsCodec.Decode(movie, encoded, model.Shared.Index, _read);
                model.Shared.View.Apply(_read);
                apply += Stopwatch.GetElapsedTime(began);
            }

            return (changes.Count, bytes, users.Count, apply);
        }

        private void Learn(Interaction interaction, Dictionary<string, TraitsDelta> changes)
        {
            var shared = model.Shared;
            if (!_users.TryGetValue(interaction.User, out var user))
            {
                _users[interaction.User] = user = new UserActor(new UserState(interaction.User, shared.Index), shared);
            }

            var offset = _offset++;
            if (user.Apply(new UserPartition(0, 0, offset), offset, interaction, test: false).Signal is not { } signal)
            {
                return;
            }

            if (!_movies.TryGetValue(signal.Movie, out var movie))
            {
                _movies[signal.Movie] = movie = new MovieState(signal.Movie, shared.Index);
            }

            if (movie.Apply(movie.Version, signal, shared.View, _delta))
            {
                if (!changes.TryGetValue(signal.Movie, out var change))
                {
                    changes[signal.Movie] = change = new TraitsDelta();
                }

                change.Merge(_delta);
            }
        }
    }
}
