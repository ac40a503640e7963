using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model;
using Cinegrain.Model.Events;

namespace Cinegrain.Bench;

/// <summary>A fictional catalogue and audience, the same at every run.</summary>
internal static class World
{
    private const ulong Seed = 7;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<MovieMetadata> Movies(int count) => SyntheticCatalogue.Create(count, Seed);

    /// <summary>Enriched interactions of an audience, ten seconds apart.</summary>
    public static IEnumerable<Interaction> Interactions(IReadOnlyList<MovieMetadata> movies, int viewers, long count)
    {
        var byId = movies.ToDictionary(movie => movie.Id);
        var at = Start;
        foreach (var e in new Audience(movies, viewers, Seed).Events(count))
        {
            at += TimeSpan.FromSeconds(10);
            var movie = byId[e.Movie];
            yield return new Interaction
            {
                Id = "",
                User = e.User,
                Movie = e.Movie,
                Kind = e.Kind,
                Value = e.Value,
                Preference = Normalisation.Preference(e.Kind, e.Value),
                At = at,
                Genres = movie.Genres,
                Year = movie.Year,
                Language = movie.Language,
                People = [.. movie.People()],
            };
        }
    }

    public static SequentialModel Model(IReadOnlyList<MovieMetadata> movies)
    {
        var model = new SequentialModel(new ModelOptions());
        foreach (var movie in movies)
        {
            model.Put(movie);
        }

        return model;
    }
}
