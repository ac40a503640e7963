using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Tests;

/// <summary>Records and states for tests, from as few words as possible.</summary>
internal static class Make
{
    public const string Someone = "k1-someone";

    public static DateTimeOffset Start { get; } = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static long StartSeconds => Start.ToUnixTimeSeconds();

    /// <summary>An interaction some seconds after <see cref="Start"/>.</summary>
    public static Interaction Interaction(
        string movie,
        long seconds = 0,
        InteractionKind kind = InteractionKind.Like,
        double? value = null,
        string user = Someone,
        string? id = null) => new()
        {
            Id = id ?? $"{user}/{movie}/{seconds}",
            User = user,
            Movie = movie,
            At = Start.AddSeconds(seconds),
            Kind = kind,
            Value = value,
            Preference = Normalisation.Preference(kind, value),
            Idempotent = id is not null,
        };

    /// <summary>The interaction enriched with what the catalogue has of its movie.</summary>
    public static Interaction Enriched(this Interaction interaction, MovieMetadata movie) => interaction with
    {
        Genres = movie.Genres,
        Year = movie.Year,
        Language = movie.Language,
        People = [.. movie.People()],
    };

    public static ConsentChange Consent(bool learning, long seconds = 0) =>
        new() { Id = $"consent/{seconds}", User = Someone, At = Start.AddSeconds(seconds), Learning = learning };

    public static Erasure Erasure(long seconds = 0) => new() { Id = $"erasure/{seconds}", User = Someone, At = Start.AddSeconds(seconds) };

    public static Signal Signal(string movie, SignalSource source, long seconds = 0, params string[] context) => new()
    {
        Movie = movie,
        At = Start.AddSeconds(seconds),
        Kind = InteractionKind.Like,
        Preference = 1,
        Context = context,
        Source = source,
    };

    /// <summary>An entry whose weight is that of all co-occurrences.</summary>
    public static NeighbourEntry Entry(int movie, int weight) => new(movie, new CoOccurrence(weight, 0, 0, 0));

    /// <summary>An example over candidates 0, 1, …; features in columns.</summary>
    public static TrainingExample Example(
        int partition, long offset, int bucket, int target, int candidates, float[] features, int[]? history = null, TestOutcome? outcome = null) => new()
        {
            Partition = partition,
            Offset = offset,
            Bucket = bucket,
            Target = target,
            Movies = [.. Enumerable.Range(0, candidates)],
            History = history ?? [],
            Features = features,
            Outcome = outcome,
        };

    public static MovieMetadata Movie(string id, int? year = 2000, params string[] genres) =>
        new() { Id = id, Title = $"Title of {id}", Year = year, Genres = genres, Language = "en" };

    /// <summary>Applies records from offset 0 on.</summary>
    public static UserState User(IEnumerable<UserRecord> records, MovieIndex? index = null)
    {
        var state = new UserState(Someone, index ?? new MovieIndex());
        foreach (var record in records)
        {
            state.Apply(state.Version, record);
        }

        return state;
    }

    /// <summary>Applies records from offset 0 on; no other movie has a count.</summary>
    public static MovieState MovieOf(string id, IEnumerable<MovieRecord> records, MovieIndex? index = null)
    {
        var state = new MovieState(id, index ?? new MovieIndex());
        var delta = new TraitsDelta();
        foreach (var record in records)
        {
            state.Apply(state.Version, record, NoCounts.Instance, delta);
        }

        return state;
    }

    /// <summary>(N + 3)^−0.4 of N interactions.</summary>
    public static float Discount(int count) => (float)Math.Pow(count + 3, -0.4);

    public sealed class NoCounts : IPopularity
    {
        public static readonly NoCounts Instance = new();

        public float Discount(int movie) => Make.Discount(0);
    }
}
