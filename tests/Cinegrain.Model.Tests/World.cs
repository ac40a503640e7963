using Cinegrain.Model.Events;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Tests;

/// <summary>A small random catalogue and what its users did, from a seed.</summary>
internal sealed class World
{
    private static readonly string[] Genres = ["Drama", "Comedy", "Action", "Horror", "Sci-Fi", "Romance"];

    public World(int seed, int movies = 40, int users = 8, int events = 200, double days = 200)
    {
        var random = new Random(seed);
        Movies = [.. Enumerable.Range(0, movies).Select(i => Make.Movie(
            $"m{i}",
            random.Next(8) == 0 ? null : random.Next(1930, 2025),
            [.. random.GetItems(Genres, random.Next(0, 4)).Distinct()]) with
        {
            Language = random.Next(3) == 0 ? "fr" : "en",
            Directors = random.Next(3) == 0 ? [$"Director {random.Next(6)}"] : [],
        })];
        var times = Enumerable.Range(0, events).Select(_ => (long)(random.NextDouble() * days * 86400)).Order().ToArray();
        var kinds = Enum.GetValues<InteractionKind>();
        Events = [.. times.Select(time =>
        {
            // The lower numbers are taken more, and the last eighth of the catalogue never.
            var movie = Movies[(int)(random.NextDouble() * random.NextDouble() * movies * 7 / 8)];
            var kind = kinds[random.Next(kinds.Length)];
            double? value = kind == InteractionKind.Rate ? random.Next(1, 11) / 2.0 : kind == InteractionKind.Watch ? random.NextDouble() : null;
            return Make.Interaction(movie.Id, time, kind, value, $"k1-u{random.Next(users)}").Enriched(movie);
        })];
        NowSeconds = Make.StartSeconds + times.LastOrDefault() + 3600;
    }

    public MovieMetadata[] Movies { get; }

    public Interaction[] Events { get; }

    public long NowSeconds { get; }

    /// <summary>The whole model after all events.</summary>
    public SequentialModel Learn(Action<SequentialModel>? prepare = null, IEnumerable<MovieMetadata>? catalogue = null)
    {
        var model = new SequentialModel(new ModelOptions());
        prepare?.Invoke(model);
        foreach (var movie in catalogue ?? Movies)
        {
            model.Put(movie);
        }

        foreach (var interaction in Events)
        {
            model.Learn(interaction, test: false);
        }

        return model;
    }

    public static IEnumerable<UserState> States(SequentialModel model) => model.Users.OrderBy(user => user.Key).Select(user => user.Value.State);
}
